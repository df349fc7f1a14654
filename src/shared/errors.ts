/**
 * Everything that can go wrong and is not a bug, as a closed list.
 *
 * The key is the `code` that scripts match on; `exit` is the exit status of the command line, and
 * `retryable` says whether the same request may succeed if it is simply made again.
 */
export const errorCodes = {
  INVALID_INPUT: { exit: 2, retryable: false },
  INPUT_REQUIRED: { exit: 2, retryable: false },
  KEY_REUSED: { exit: 2, retryable: false },
  AMBIGUOUS_ID: { exit: 2, retryable: false },
  SHOW_NOT_FOUND: { exit: 3, retryable: false },
  BOOKING_NOT_FOUND: { exit: 3, retryable: false },
  NO_SUCH_SEAT: { exit: 3, retryable: false },
  SEATS_TAKEN: { exit: 4, retryable: false },
  NOT_ENOUGH_SEATS: { exit: 4, retryable: false },
  SHOW_CANCELLED: { exit: 4, retryable: false },
  WRONG_STATE: { exit: 4, retryable: false },
  BUSY: { exit: 5, retryable: true },
  ABANDONED: { exit: 5, retryable: true },
  DB_UNREACHABLE: { exit: 6, retryable: true },
  DB_AUTH: { exit: 6, retryable: false },
  DB_MISSING: { exit: 6, retryable: false },
  DB_TLS: { exit: 6, retryable: false },
  NOT_MIGRATED: { exit: 6, retryable: false },
  SCHEMA_TOO_NEW: { exit: 6, retryable: false },
  CHECK_FAILED: { exit: 7, retryable: false },
  INTERRUPTED: { exit: 130, retryable: true },
  INTERNAL: { exit: 1, retryable: false },
} as const

export type ErrorCode = keyof typeof errorCodes

/** A booking that an error is about. It is a whole `BookingOutcome`; these are its main fields. */
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

/** What an error may carry besides its sentence. Seats are seat numbers, from 1. */
export interface ErrorDetails {
  /** The seats that the error is about: the taken ones, the missing ones. */
  seats?: number[] | undefined
  /** Free seats that would have done as well. */
  alternatives?: number[] | undefined
  /** The same as a spec, in the house's labels: 'B12-B13'. */
  alternativeSpec?: string | undefined
  /** The FAILED booking that records the refusal, when one was kept. */
  outcome?: ErrorOutcome | undefined
  /** Nobody knows whether what was asked for has been done. */
  isInDoubt?: boolean | undefined
  /** What it was caused by; kept for `--debug`, never shown otherwise. */
  cause?: unknown | undefined
}

/**
 * An expected failure: a code for programs and a sentence for people that says what happened and
 * then what to do. Anything else that is thrown is a bug.
 */
export class TicketsError extends Error {
  override readonly name = 'TicketsError'
  readonly code: ErrorCode
  readonly seats: number[] | undefined
  readonly alternatives: number[] | undefined
  readonly alternativeSpec: string | undefined
  readonly outcome: ErrorOutcome | undefined
  readonly isInDoubt: boolean

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.seats = details.seats
    this.alternatives = details.alternatives
    this.alternativeSpec = details.alternativeSpec
    this.outcome = details.outcome
    this.isInDoubt = details.isInDoubt ?? false
  }

  /** May the same request succeed if it is made again? */
  get isRetryable(): boolean {
    return errorCodes[this.code].retryable
  }
}
