import { exitOf } from '../../shared/errors.js'

/** The meaning of an exit code. Codes that scripts treat alike share a line. */
export interface ExitCode {
  codes: readonly number[]
  /** One or two words, for the help of a command. */
  name: string
  meaning: string
  /** What a script should do; '' for nothing. */
  advice: string
}

/** Every exit code of the command line. */
export const exitCodes: readonly ExitCode[] = [
  { codes: [0], name: 'done', meaning: 'done', advice: '' },
  { codes: [exitOf.bug], name: 'a bug', meaning: 'a bug', advice: 'report it' },
  {
    codes: [exitOf.usage],
    name: 'usage',
    meaning: 'usage: bad arguments, or input needed and no terminal to ask on',
    advice: 'fix the command',
  },
  {
    codes: [exitOf.notFound],
    name: 'not found',
    meaning: 'not found: show, booking, or a seat that the show does not have',
    advice: 'fix the id',
  },
  {
    codes: [exitOf.refused],
    name: 'refused',
    meaning: 'refused: taken, held, not enough seats, show cancelled, booking in the wrong state',
    advice: 'choose again',
  },
  {
    codes: [exitOf.busy],
    name: 'busy',
    meaning:
      'busy: no lock or no connection within `--wait`; or in doubt (`IN_DOUBT`): the change may or may not have been made',
    advice: 'retry with the same `--key`',
  },
  {
    codes: [exitOf.noDatabase],
    name: 'no database',
    meaning:
      'database not ready: unreachable, login, TLS, missing, not migrated, newer than this program',
    advice:
      'fix the set-up; after `DB_UNREACHABLE`, retry with the same `--key` when the server is back',
  },
  {
    codes: [exitOf.checkFailed],
    name: 'check failed',
    meaning: 'a check failed: `verify`, `stress`, `doctor`, `migrate --check`',
    advice: 'fail the job',
  },
  {
    codes: [exitOf.interrupted, 143],
    name: 'interrupted',
    meaning: 'interrupted, terminated; the transaction was rolled back',
    advice: '',
  },
]
