import { TicketsError } from '../shared/errors.js'

/**
 * The error for a file that could not be read or written: INVALID_INPUT where the system gives a
 * code. TicketsErrors and bugs are returned as they are. `name` is the file as a sentence may
 * repeat it.
 */
export function fileFailure(
  error: unknown,
  { name, verb }: { name: string; verb: 'read' | 'written' },
): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  if (error instanceof TicketsError || code === undefined) return error
  const sentence = reasons[verb][code] ?? `cannot be ${verb} (${code})`
  return new TicketsError('INVALID_INPUT', `${name} ${sentence}.`, { cause: error })
}

const reasons: Record<'read' | 'written', Record<string, string>> = {
  read: {
    ENOENT: 'does not exist',
    ENOTDIR: 'does not exist',
    EISDIR: 'is a directory',
    EACCES: 'may not be read by you',
    EPERM: 'may not be read by you',
  },
  written: {
    ENOENT: 'is in a directory that does not exist',
    ENOTDIR: 'is in a directory that does not exist',
    EISDIR: 'is a directory',
    EACCES: 'may not be written by you',
    EPERM: 'may not be written by you',
    EROFS: 'is on a disk that is read-only',
    ENOSPC: 'is on a disk that is full',
  },
}
