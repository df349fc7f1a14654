import { open } from 'node:fs/promises'
import { addAbortSignal, type Readable } from 'node:stream'
import { invalidInput, TicketsError } from '../shared/errors.js'
import { quote } from '../shared/quote.js'
import type { Io } from '../terminal/io.js'

/** Where a file is read from. */
export interface Source {
  chunks: AsyncIterable<Uint8Array>
  /** Bytes; undefined for a pipe. */
  size: number | undefined
}

/**
 * Opens a file, or stdin for '-'. Its chunks end early, quietly, when `signal` is aborted. Throws
 * INVALID_INPUT for what cannot be read.
 */
export async function openSource(file: string, io: Io, signal: AbortSignal): Promise<Source> {
  if (file === '-') return { chunks: readUntil(signal, io.stdin, 'stdin'), size: undefined }
  try {
    const handle = await open(file)
    const stats = await handle.stat()
    if (stats.isDirectory()) {
      await handle.close()
      throw invalidInput(`${quote(file)} is a directory. Name a file.`)
    }
    const size = stats.isFile() ? stats.size : undefined
    return { chunks: readUntil(signal, handle.createReadStream(), quote(file)), size }
  } catch (error) {
    throw fileFailure(error, { name: quote(file), verb: 'read' })
  }
}

function readUntil(signal: AbortSignal, stream: Readable, name: string): AsyncIterable<Uint8Array> {
  // The reader gets an error from the stream. Before it reads, the only error is that of the abort.
  addAbortSignal(signal, stream).on('error', () => {})
  const chunks = async function* () {
    try {
      yield* stream
    } catch (error) {
      if (!signal.aborted) throw fileFailure(error, { name, verb: 'read' })
    }
  }
  return chunks()
}

/**
 * The error for a file that could not be read or written: INVALID_INPUT if the system gives a code.
 * TicketsErrors and bugs are returned as they are. `name` is the file as a sentence may repeat it.
 */
export function fileFailure(
  error: unknown,
  { name, verb }: { name: string; verb: 'read' | 'written' },
): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  if (error instanceof TicketsError || code === undefined) return error
  const sentence = reasons[verb][code] ?? `cannot be ${verb} (${code})`
  return invalidInput(`${name} ${sentence}.`, { cause: error })
}

const reasons: Record<'read' | 'written', Record<string, string>> = {
  read: {
    ENOENT: 'does not exist',
    ENOTDIR: 'does not exist',
    EISDIR: 'is a directory',
    EACCES: 'cannot be read: permission denied',
    EPERM: 'cannot be read: permission denied',
  },
  written: {
    ENOENT: 'is in a directory that does not exist',
    ENOTDIR: 'is in a directory that does not exist',
    EISDIR: 'is a directory',
    EACCES: 'cannot be written: permission denied',
    EPERM: 'cannot be written: permission denied',
    EROFS: 'is on a disk that is read-only',
    ENOSPC: 'is on a disk that is full',
  },
}
