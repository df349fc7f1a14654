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
  { codes: [1], name: 'a bug', meaning: 'a bug', advice: 'report it' },
  {
    codes: [2],
    name: 'usage',
    meaning: 'usage: bad arguments, or input needed and no terminal to ask on',
    advice: 'fix the command',
  },
  {
    codes: [3],
    name: 'not found',
    meaning: 'not found: show, booking, or a seat that the show does not have',
    advice: 'fix the id',
  },
  {
    codes: [4],
    name: 'refused',
    meaning: 'refused: taken, held, not enough seats, show cancelled, booking in the wrong state',
    advice: 'choose again',
  },
  {
    codes: [5],
    name: 'busy',
    meaning:
      'busy: no lock or no connection within `--wait`; or in doubt (`IN_DOUBT`): the change may or may not have been made',
    advice: 'retry with the same `--key`',
  },
  {
    codes: [6],
    name: 'no database',
    meaning:
      'database not ready: unreachable, login, TLS, missing, not migrated, newer than this program',
    advice:
      'fix the set-up; after `DB_UNREACHABLE`, retry with the same `--key` when the server is back',
  },
  {
    codes: [7],
    name: 'check failed',
    meaning: 'a check failed: `verify`, `stress`, `doctor`, `migrate --check`',
    advice: 'fail the job',
  },
  {
    codes: [130, 143],
    name: 'interrupted',
    meaning: 'interrupted, terminated; the transaction was rolled back',
    advice: '',
  },
]
