import type { RetryCause } from '../database/failures.js'
import type { Refusal } from '../house/decide.js'
import { MAX_SEATS, type SeatLayout, seatLabel } from '../house/seats.js'
import { TicketsError } from '../shared/errors.js'
import type { Warned } from '../shared/warnings.js'
import { formatReference } from './references.js'

export type BookingStatus = 'PENDING' | 'HELD' | 'CONFIRMED' | 'FAILED' | 'CANCELLED'

/** A booking as the database stores it. */
export interface Booking {
  id: string
  /** Short and random, for people: 'K7Q2-9FMX'. */
  reference: string
  showId: string
  status: BookingStatus
  /**
   * Seat numbers, ascending. A FAILED booking has the seats that it asked for; none if it asked for
   * a count.
   */
  seats: number[]
  seatLabels: string[]
  /**
   * The section of the seats; null if they are in several, or if there are none. Undefined in a
   * house without sections.
   */
  section?: string | null | undefined
  customer: string | null
  note: string | null
  /** When a HELD booking loses its seats; null: only when it is released. */
  heldUntil: Date | null
  /** The reason, if it is FAILED. */
  failure: Refusal | null
  createdAt: Date
  updatedAt: Date
}

/** The seats that a request wants. Set either `seats` or `count`. */
export interface WantedSeats {
  /** A spec such as '1,2,5-8' or 'A1-A4', or the seat numbers. */
  seats?: string | readonly number[] | undefined
  /** The number of seats; the box office chooses the best free ones. */
  count?: number | undefined
  /** With `count`: the name of a section, without regard to case. */
  section?: string | undefined
  /**
   * With `count`: a wheelchair place; for two or more with its companion seat, and the others
   * beside them.
   */
  accessible?: boolean | undefined
  /** With `count`: wheelchair places and companion seats too, when nothing else is left. */
  includeAccessible?: boolean | undefined
}

/** A request to book. */
export interface BookingRequest extends WantedSeats {
  customer?: string | null | undefined
  note?: string | null | undefined
  /** Makes the request repeatable: a repetition with the same key returns the first outcome. */
  key?: string | undefined
  /** Separates keys: equal keys in different scopes are different keys (default: ''). */
  keyScope?: string | undefined
  /**
   * Holds the seats instead of selling them: for this many milliseconds, or until they are
   * released.
   */
  hold?: number | 'forever' | undefined
  /** Who sells the seats (default: the session's operator). */
  operator?: string | undefined
  /**
   * The booking's id, a UUID (default: a new one). If an earlier call with this id was decided,
   * returns its outcome. Use it only to repeat a call whose response was lost.
   */
  id?: string | undefined
}

/** Options of one call of `book`. */
export interface BookOptions {
  /** Called before each retry, with the cause and the error. */
  onRetry?: ((cause: RetryCause, error: unknown) => void) | undefined
  /** When aborted before the request is decided, nothing is booked: INTERRUPTED. */
  signal?: AbortSignal | undefined
}

/** The result of a request. */
export interface BookingOutcome extends Warned {
  booking: Booking
  /** Whether an earlier call with the same key made this booking. */
  replayed: boolean
  /** Present, and true, if the booking is a hold that has expired since, so that its seats are free. */
  hasExpired?: boolean | undefined
}

/** The error for a refusal, with the FAILED booking that records it. */
export function refusalError(refusal: Refusal, outcome?: BookingOutcome): TicketsError {
  return new TicketsError(refusal.code, refusal.message, { ...refusal, outcome })
}

/** A row of the table `bookings`, as node-postgres returns it. */
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
  /** The hold from which these seats were sold as a separate booking. */
  split_from: string | null
  cancelled_seats: number[]
  cancel_reason: string | null
  /**
   * The labels of seats that it gave back or never got, and that the plan of the show no longer has:
   * seat MAX_SEATS + 1 has the first of them.
   */
  former_seats: string[]
  created_at: Date
  updated_at: Date
}

/** The columns that a customer's booking consists of, without internal ones. */
export type BookedRow = Omit<
  BookingRow,
  'key' | 'key_scope' | 'key_request' | 'split_from' | 'cancelled_seats' | 'cancel_reason'
>

/** Translates column names to property names; the only place that does. */
export function toBooking(row: BookedRow, layout: SeatLayout): Booking {
  return {
    id: row.id,
    reference: formatReference(row.reference),
    showId: row.show_id,
    status: row.status,
    seats: row.seats,
    ...namesOf(row.seats, layout, row.former_seats),
    customer: row.customer,
    note: row.note,
    heldUntil: row.held_until,
    failure: row.failure,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/** The labels of seats, and their section if the house has some. */
export function namesOf(
  seats: readonly number[],
  layout: SeatLayout,
  formerSeats: readonly string[] = [],
): Pick<Booking, 'seatLabels' | 'section'> {
  return {
    seatLabels: seats.map((seat) =>
      seat > MAX_SEATS
        ? (formerSeats[seat - MAX_SEATS - 1] ?? String(seat))
        : seatLabel(seat, layout),
    ),
    ...(layout.plan?.hasSections && { section: layout.plan.sectionOf(seats) }),
  }
}
