/** An exit code of the command line after an error. */
export type Exit = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 130

/** The exit codes by name. Each stands for a class of errors that callers treat alike. */
export const exitOf = {
  bug: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  busy: 5,
  noDatabase: 6,
  checkFailed: 7,
  interrupted: 130,
} as const satisfies Record<string, Exit>

/** What an error code means to a caller. */
export interface ErrorMeaning {
  exit: Exit
  /** Whether a repetition of the same request is safe, and may succeed. */
  retryable: boolean
  meaning: string
}

function final(exit: keyof typeof exitOf, meaning: string): ErrorMeaning {
  return { exit: exitOf[exit], retryable: false, meaning }
}

function retryable(exit: keyof typeof exitOf, meaning: string): ErrorMeaning {
  return { exit: exitOf[exit], retryable: true, meaning }
}

/**
 * All expected failures, as a closed list.
 *
 * The key is the `code` that scripts match on; `exit` is the exit status of the command line,
 * `retryable` says whether the request may be repeated as it is, and may then succeed, and `meaning`
 * is its description in docs/errors.md. Each IN_DOUBT error has its own `isRetryable`.
 */
export const errorCodes = {
  INVALID_INPUT: final(
    'usage',
    'An argument, a field or a file is wrong. The message says which, and what is allowed.',
  ),
  INPUT_REQUIRED: final('usage', 'Something is missing, and there is no terminal to ask on.'),
  KEY_REUSED: final('usage', 'The key was used before, with another request.'),
  AMBIGUOUS_ID: final('usage', 'Several shows or bookings match. Give more of the id, or a date.'),
  SHOW_NOT_FOUND: final('notFound', 'No show has this id or name.'),
  BOOKING_NOT_FOUND: final('notFound', 'No booking has this reference or id.'),
  NO_SUCH_SEAT: final('notFound', 'The show does not have this seat.'),
  SEATS_TAKEN: final(
    'refused',
    'A seat is sold or held. `seats` names it, `alternatives` lists free seats.',
  ),
  NOT_ENOUGH_SEATS: final('refused', 'Fewer seats are free than `--count` asks for.'),
  SHOW_CANCELLED: final('refused', 'The show is cancelled.'),
  WRONG_STATE: final(
    'refused',
    'The state of the booking, show or database does not allow this: cancelled, expired, already checked in, not empty.',
  ),
  BUSY: retryable(
    'busy',
    'The program could not get a lock or a connection within `--wait`. Retry with the same key.',
  ),
  ABANDONED: retryable(
    'busy',
    'The process that made the attempt ended before the attempt was decided. Book again, with the same key.',
  ),
  IN_DOUBT: final(
    'busy',
    'The database did not confirm the change, so it may or may not have been made. If `retryable` is true, the request can be repeated: it has a key, or is idempotent. Otherwise look the change up first.',
  ),
  DB_UNREACHABLE: retryable(
    'noDatabase',
    'The server does not answer, or the connection was lost.',
  ),
  DB_AUTH: final('noDatabase', 'The server refuses the login.'),
  DB_MISSING: final(
    'noDatabase',
    'There is no such database, or it cannot be used. The message says why.',
  ),
  DB_TLS: final('noDatabase', 'TLS is missing, or the certificate is not trusted.'),
  NOT_MIGRATED: final('noDatabase', 'The schema is missing or old. Run `tickets migrate`.'),
  SCHEMA_TOO_NEW: final(
    'noDatabase',
    'The schema is newer than this program. Upgrade the program.',
  ),
  CHECK_FAILED: final(
    'checkFailed',
    '`verify`, `stress`, `doctor` or `migrate --check` found a problem.',
  ),
  INTERRUPTED: retryable('interrupted', 'Ctrl-C or SIGTERM. The transaction was rolled back.'),
  INTERNAL: final('bug', 'A bug. Report it, with the output of `--debug`.'),
}

export type ErrorCode = keyof typeof errorCodes

/**
 * The booking that an error concerns. The object is a whole `BookingOutcome`; these are its main
 * fields.
 */
export interface ErrorOutcome {
  booking: {
    id: string
    reference: string
    showId: string
    status: string
    seats: number[]
    seatLabels: string[]
    customer: string | null
  }
  replayed: boolean
}

/** The details of an error. Seats are seat numbers, from 1. */
export interface ErrorDetails {
  /** The seats concerned: taken or missing ones. */
  seats?: number[] | undefined
  /** Free seats to offer instead. */
  alternatives?: number[] | undefined
  /** The alternatives as a spec, in the house's labels: 'B12-B13'. */
  alternativeSpec?: string | undefined
  /** How many wheelchair places and companion seats `includeAccessible` would add. */
  accessibleLeft?: number | undefined
  /** The FAILED booking that records the refusal, if there is one. */
  outcome?: ErrorOutcome | undefined
  /** Whether the request may be repeated (default: as the code has it). */
  isRetryable?: boolean | undefined
  /** The cause; only `--debug` shows it. */
  cause?: unknown | undefined
}

/**
 * An expected failure: a code for programs, and a message for people that says what happened, then
 * what to do. Any other error is a bug.
 */
export class TicketsError extends Error {
  override readonly name = 'TicketsError'
  readonly code: ErrorCode
  /** Whether a repetition of the same request is safe, and may succeed. */
  readonly isRetryable: boolean
  readonly seats: number[] | undefined
  readonly alternatives: number[] | undefined
  readonly alternativeSpec: string | undefined
  readonly accessibleLeft: number | undefined
  readonly outcome: ErrorOutcome | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.isRetryable = details.isRetryable ?? errorCodes[code].retryable
    this.seats = details.seats
    this.alternatives = details.alternatives
    this.alternativeSpec = details.alternativeSpec
    this.accessibleLeft = details.accessibleLeft
    this.outcome = details.outcome
  }
}

/** The most common error: what the user gave is wrong. */
export function invalidInput(message: string, details?: ErrorDetails): TicketsError {
  return new TicketsError('INVALID_INPUT', message, details)
}

/** Whether an error is an expected one with one of these codes. */
export function hasCode(error: unknown, ...codes: ErrorCode[]): error is TicketsError {
  return error instanceof TicketsError && codes.includes(error.code)
}

/** Whether an error is an expected one of one of these classes. */
export function hasExit(
  error: unknown,
  ...classes: (keyof typeof exitOf)[]
): error is TicketsError {
  return (
    error instanceof TicketsError &&
    classes.some((name) => exitOf[name] === errorCodes[error.code].exit)
  )
}
