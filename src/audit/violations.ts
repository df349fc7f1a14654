import { formatReference } from '../booking/references.js'
import { formatSeats, MAX_SEATS, type SeatLayout } from '../house/seats.js'

/** The kinds of violations. */
export type ViolationCode =
  /** Two confirmed bookings have the seats. */
  | 'SEAT_SOLD_TWICE'
  /** A live hold and a confirmed booking have the seats. */
  | 'SEAT_HELD_AND_SOLD'
  /** Two live holds have the seats. */
  | 'SEAT_HELD_TWICE'
  /** The house marks the seats as sold, but no confirmed booking has them. */
  | 'SOLD_WITHOUT_BOOKING'
  /** Confirmed bookings have the seats, but the house does not mark them as sold. */
  | 'BOOKED_WITHOUT_BIT'
  /** `confirmed_seats_count` is not the number of marks. */
  | 'COUNT_MISMATCH'
  /** `booked_seats` has the wrong length, or marks seats that do not exist. */
  | 'BITS_OUTSIDE_HOUSE'
  /** `total_seats` is not within 1 to 100,000. */
  | 'IMPOSSIBLE_HOUSE'
  /** A plan cannot be read or has another size than its row, or that of a show is missing. */
  | 'PLAN_DAMAGED'
  /** A booking has, or holds, seats that the house does not have. */
  | 'SEAT_OUTSIDE_HOUSE'
  /** A booking has, or holds, a seat more than once. */
  | 'SEAT_NAMED_TWICE'
  /** Records that no process will decide any more (`repairBookings` does). */
  | 'STALE_PENDING'
  /** A booking's columns contradict its status. */
  | 'INCOHERENT_BOOKING'
  /** A show or bookings differ from the latest events of their history, or have no history. */
  | 'HISTORY_CONTRADICTED'
  /** A trigger of the program is missing or disabled, or a constraint is missing or not validated. */
  | 'SCHEMA_DAMAGED'
  /** Bookings of a show that does not exist. */
  | 'SHOW_MISSING'
  /** A booking is checked in on seats that are not confirmed to it. */
  | 'ADMITTED_WITHOUT_SEAT'
  /** An answer reported a booking that does not exist. */
  | 'ANSWER_LOST'
  /** A booking is not as an answer reported it, and its history does not say why. */
  | 'ANSWER_CONTRADICTED'
  /** New rows of a table would get ids that it already has (`repairSequences` moves them). */
  | 'SEQUENCE_BEHIND'

/** A state that must never occur. */
export interface Violation {
  code: ViolationCode
  /** Null for a violation that concerns no show. */
  showId: string | null
  /** A sentence that names the show, the seats and the bookings. */
  message: string
  /** Seat numbers, the first thousand of them. */
  seats?: number[] | undefined
  /** References, the first thousand of them. */
  bookings?: string[] | undefined
}

/** How many items of a kind are named; the rest are only counted, to limit memory. */
export const MAX_NAMED = 1000

/** Keeps the first `MAX_NAMED` items and counts all of them. */
export class Sample<T> {
  readonly items: T[] = []
  count = 0

  add(item: T): void {
    if (this.items.length < MAX_NAMED) this.items.push(item)
    this.count++
  }
}

export function sampleOf<T>(items: Iterable<T>): Sample<T> {
  const sample = new Sample<T>()
  for (const item of items) sample.add(item)
  return sample
}

/** 'seat 5', 'seats A1-A3, B7', or the first few and the number of others. */
export function nameSeats({ items, count }: Sample<number>, layout: SeatLayout): string {
  const shown = items.slice(0, FEW_SEATS)
  const more = count > shown.length ? ` and ${count - shown.length} more` : ''
  return `${count === 1 ? 'seat' : 'seats'} ${formatSeats(shown, safeLayout(shown, layout))}${more}`
}

/** 'booking K7Q2-9FMX', 'bookings … and …', or the first few and the number of others. */
export function nameBookings({ items, count }: Sample<string>): string {
  const shown = items.slice(0, FEW_BOOKINGS).map(formatReference)
  const more = count > shown.length ? ` and ${count - shown.length} more` : ''
  return `${count === 1 ? 'booking' : 'bookings'} ${shown.join(', ')}${more}`
}

const FEW_SEATS = 20
const FEW_BOOKINGS = 5

/** A damaged row may have seats, or a row length, that no label fits. */
function safeLayout(seats: number[], layout: SeatLayout): SeatLayout {
  const { totalSeats, seatsPerRow, plan } = layout
  if (plan && seats.every((seat) => seat >= 1 && seat <= plan.totalSeats)) return layout
  const hasRows =
    seatsPerRow !== null && seatsPerRow >= 1 && seatsPerRow <= MAX_SEATS && totalSeats <= MAX_SEATS
  const fits = hasRows && seats.every((seat) => seat >= 1 && seat <= totalSeats)
  return { totalSeats, seatsPerRow: fits ? seatsPerRow : null }
}
