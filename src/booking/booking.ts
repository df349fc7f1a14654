import type { RetryCause } from '../database/failures.js'
import type { Refusal } from '../house/decide.js'
import { type SeatLayout, seatLabel } from '../house/seats.js'
import type { Warned } from '../shared/warnings.js'
import { formatReference } from './references.js'

export type BookingStatus = 'PENDING' | 'HELD' | 'CONFIRMED' | 'FAILED' | 'CANCELLED'

/** A booking as the database has it. */
export interface Booking {
  id: string
  /** Short and random, for people: 'K7Q2-9FMX'. */
  reference: string
  showId: string
  status: BookingStatus
  /** Seat numbers, ascending. Of a FAILED booking: the seats it asked for, none if it asked for a count. */
  seats: number[]
  seatLabels: string[]
  customer: string | null
  note: string | null
  /** When a HELD booking loses its seats; null: not before it is released. */
  heldUntil: Date | null
  /** Why it is FAILED. */
  failure: Refusal | null
  createdAt: Date
  updatedAt: Date
}

/** One request to book. Either `seats` or `count` says what is wanted. */
export interface BookingRequest {
  /** A spec such as '1,2,5-8' or 'A1-A4', or the seat numbers. */
  seats?: string | readonly number[] | undefined
  /** How many seats: the best that are free. */
  count?: number | undefined
  customer?: string | null | undefined
  note?: string | null | undefined
  /** Makes the request repeatable: the same key gives the first outcome again. */
  key?: string | undefined
  /** The same key in another scope is another key. Default: ''. */
  keyScope?: string | undefined
  /** Hold the seats instead of selling them: for this many milliseconds, or until they are released. */
  hold?: number | 'forever' | undefined
  /** Who sells it, when not the session's operator. */
  operator?: string | undefined
  /**
   * The booking's id, a UUID; a new one unless told. What an earlier call with this id did stands,
   * and is the answer: for repeating a call whose answer was lost, and for nothing else.
   */
  id?: string | undefined
}

/** Bounds of one call that books. */
export interface BookingOptions {
  /** Called before each new try with why it is needed, and with what was thrown. */
  onRetry?: ((cause: RetryCause, error: unknown) => void) | undefined
  /** When aborted before the request is decided, the request is not made: INTERRUPTED. */
  signal?: AbortSignal | undefined
}

/** What became of a request. */
export interface BookingOutcome extends Warned {
  booking: Booking
  /** An earlier call with the same key had made this booking. */
  replayed: boolean
}

/** A row of the table `bookings`, as node-postgres gives it. */
export interface BookingRow {
  id: string
  reference: string
  show_id: string
  status: BookingStatus
  seats: number[]
  customer: string | null
  note: string | null
  key: string | null
  key_scope: string
  key_request: string | null
  held_until: Date | null
  failure: Refusal | null
  /** The hold that these seats were sold from, as a booking of their own. */
  split_from: string | null
  cancelled_seats: number[]
  cancel_reason: string | null
  created_at: Date
  updated_at: Date
}

/** What a booking is to its customer: the row without the marks of our own. */
export type BookedRow = Omit<
  BookingRow,
  'key' | 'key_scope' | 'key_request' | 'split_from' | 'cancelled_seats' | 'cancel_reason'
>

/** The one translation from SQL's names to ours. */
export function toBooking(row: BookedRow, layout: SeatLayout): Booking {
  return {
    id: row.id,
    reference: formatReference(row.reference),
    showId: row.show_id,
    status: row.status,
    seats: row.seats,
    seatLabels: row.seats.map((seat) => seatLabel(seat, layout)),
    customer: row.customer,
    note: row.note,
    heldUntil: row.held_until,
    failure: row.failure,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
