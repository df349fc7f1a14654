import { formatReference } from '../booking/references.js'
import { SeatSet } from '../house/seat-set.js'
import { MAX_SEATS, type SeatLayout } from '../house/seats.js'
import { quote } from '../shared/quote.js'
import { SeatOwners } from './seat-owners.js'
import type { AuditedPlan, BookingEvidence, ShowEvidence } from './snapshot-rows.js'
import {
  nameBookings,
  nameSeats,
  Sample,
  sampleOf,
  type Violation,
  type ViolationCode,
} from './violations.js'

/**
 * Audits one house. Takes its bookings one at a time and passes each violation to `report`: a
 * booking that contradicts the house, another booking or itself. Needs memory for the house, not
 * for the bookings.
 */
export class HouseAudit {
  readonly showId: string
  readonly #show: ShowEvidence
  readonly #report: (violation: Violation) => void
  readonly #layout: SeatLayout
  readonly #sold: SeatOwners
  readonly #held: SeatOwners
  readonly #abandoned = new Sample<string>()
  readonly #contradicted = new Sample<string>()

  constructor(show: ShowEvidence, plan: AuditedPlan, report: (violation: Violation) => void) {
    // The row's size may be impossible; the audit uses the nearest possible one.
    const totalSeats = Math.min(Math.max(show.total_seats, 0), MAX_SEATS)
    this.showId = show.id
    this.#show = show
    this.#report = report
    const isReadable = typeof plan !== 'string'
    this.#layout = {
      totalSeats,
      seatsPerRow: show.seats_per_row,
      plan: isReadable ? plan : null,
    }
    if (!isReadable) this.#reportViolation('PLAN_DAMAGED', `its plan ${plan}`)
    else if (plan && plan.totalSeats !== show.total_seats) {
      const sentence = `its plan has ${plan.totalSeats} seats, and the show ${show.total_seats}`
      this.#reportViolation('PLAN_DAMAGED', sentence)
    }
    this.#sold = new SeatOwners(totalSeats)
    this.#held = new SeatOwners(totalSeats)
  }

  add(booking: BookingEvidence): void {
    if (booking.is_abandoned) this.#abandoned.add(booking.reference)
    if (booking.is_contradicted) this.#contradicted.add(booking.reference)
    if (booking.fault !== null) {
      const bookings = sampleOf([booking.reference])
      this.#reportViolation('INCOHERENT_BOOKING', `${nameBookings(bookings)} ${booking.fault}`, {
        bookings,
      })
    }
    if (booking.owns_as !== null) this.#addSeats(booking, booking.owns_as)
  }

  /** Compares the bookings with the house. */
  finish(): void {
    this.#checkSize()
    const booked = this.#readBits()
    this.#findSoldWithoutBooking(booked)
    this.#findBookedWithoutBit(booked)
    this.#checkCount()
    this.#reportAbandoned()
    this.#reportContradicted()
  }

  #addSeats(booking: BookingEvidence, ownsAs: 'sold' | 'held'): void {
    const seats = this.#seatsOf(booking)
    const [ifSold, ifHeld, mine] =
      ownsAs === 'sold'
        ? (['SEAT_SOLD_TWICE', 'SEAT_HELD_AND_SOLD', this.#sold] as const)
        : (['SEAT_HELD_AND_SOLD', 'SEAT_HELD_TWICE', this.#held] as const)
    this.#reportClashes(ifSold, this.#sold.clashesWith(seats), booking)
    this.#reportClashes(ifHeld, this.#held.clashesWith(seats), booking)
    mine.give(seats, booking.reference)
  }

  /**
   * Returns the seats that a booking owns, without duplicates; reports and omits impossible ones.
   */
  #seatsOf(booking: BookingEvidence): Set<number> {
    const seats = new Set<number>()
    const again: unknown[] = []
    const outside: unknown[] = []
    for (const seat of booking.seats) {
      if (!this.#isSeat(seat)) outside.push(seat)
      else if (seats.has(seat)) again.push(seat)
      else seats.add(seat)
    }
    this.#reportSeats('SEAT_NAMED_TWICE', again, booking, 'more than once')
    this.#reportSeats('SEAT_OUTSIDE_HOUSE', outside, booking, `in a ${this.#house}`)
    return seats
  }

  #findSoldWithoutBooking(booked: SeatSet): void {
    const seats = new Sample<number>()
    for (const seat of booked) if (this.#sold.ownerOf(seat) === undefined) seats.add(seat)
    if (seats.count === 0) return
    const [are, them] = seats.count === 1 ? ['is', 'it'] : ['are', 'them']
    const sentence = `${this.#name(seats)} ${are} marked as sold, but no confirmed booking has ${them}`
    this.#reportViolation('SOLD_WITHOUT_BOOKING', sentence, { seats })
  }

  #findBookedWithoutBit(booked: SeatSet): void {
    const seats = new Sample<number>()
    const owners = new Set<string>()
    for (let seat = 1; seat <= this.#layout.totalSeats; seat++) {
      const owner = this.#sold.ownerOf(seat)
      if (owner === undefined || booked.has(seat)) continue
      seats.add(seat)
      owners.add(owner)
    }
    if (seats.count === 0) return
    const bookings = sampleOf(owners)
    const are = seats.count === 1 ? 'is' : 'are'
    const sentence = `${this.#name(seats)} of confirmed ${nameBookings(bookings)} ${are} not marked as sold`
    this.#reportViolation('BOOKED_WITHOUT_BIT', sentence, { seats, bookings })
  }

  /** Returns the seats that the house marks as sold; reports and omits those outside the house. */
  #readBits(): SeatSet {
    const { bits, bytes } = this.#show
    const booked = SeatSet.empty(this.#layout.totalSeats)
    const outside = new Sample<number>()
    for (const seat of SeatSet.fromBytes(bits, bits.length * 8)) {
      if (this.#isSeat(seat)) booked.add(seat)
      else outside.add(seat)
    }
    const expected = Math.ceil(this.#layout.totalSeats / 8)
    if (bytes !== expected) {
      const sentence = `the marks of a ${this.#house} take ${expected} bytes, not ${bytes}`
      this.#reportViolation('BITS_OUTSIDE_HOUSE', sentence, { seats: outside })
    } else if (outside.count > 0) {
      const sentence = `in a ${this.#house}, ${this.#name(outside)} cannot be marked as sold`
      this.#reportViolation('BITS_OUTSIDE_HOUSE', sentence, { seats: outside })
    }
    return booked
  }

  #checkSize(): void {
    const seats = this.#show.total_seats
    if (seats >= 1 && seats <= MAX_SEATS) return
    this.#reportViolation('IMPOSSIBLE_HOUSE', `a house has 1 to 100,000 seats, not ${seats}`)
  }

  #checkCount(): void {
    const { confirmed_seats_count: count, bits_set: marked } = this.#show
    if (count === marked) return
    const sentence = `the count of sold seats is ${count}, but ${marked} are marked as sold`
    this.#reportViolation('COUNT_MISMATCH', sentence)
  }

  #reportAbandoned(): void {
    const bookings = this.#abandoned
    if (bookings.count === 0) return
    const [are, them] = bookings.count === 1 ? ['is', 'it'] : ['are', 'them']
    const sentence = `${nameBookings(bookings)} ${are} still PENDING, and no process will decide ${them}`
    this.#reportViolation('STALE_PENDING', sentence, { bookings })
  }

  #reportContradicted(): void {
    if (this.#show.is_contradicted) {
      this.#reportViolation('HISTORY_CONTRADICTED', 'it differs from its history')
    }
    const bookings = this.#contradicted
    if (bookings.count === 0) return
    const ending = bookings.count === 1 ? 'differs from its history' : 'differ from their history'
    const sentence = `${nameBookings(bookings)} ${ending}`
    this.#reportViolation('HISTORY_CONTRADICTED', sentence, { bookings })
  }

  #reportClashes(
    code: ViolationCode,
    clashes: Map<string, Sample<number>>,
    booking: BookingEvidence,
  ): void {
    for (const [owner, seats] of clashes) {
      const bookings = sampleOf([owner, booking.reference])
      const sentence = `${nameBookings(bookings)} both have ${this.#name(seats)}, ${clashEndings[code]}`
      this.#reportViolation(code, sentence, { seats, bookings })
    }
  }

  #reportSeats(
    code: ViolationCode,
    found: unknown[],
    booking: BookingEvidence,
    ending: string,
  ): void {
    if (found.length === 0) return
    // NULL and nested arrays have no seat number.
    const seats = sampleOf(found.filter((seat) => typeof seat === 'number'))
    const bookings = sampleOf([booking.reference])
    const named = seats.count === 0 ? 'a seat without a number' : this.#name(seats)
    this.#reportViolation(code, `${nameBookings(bookings)} has ${named} ${ending}`, {
      seats,
      bookings,
    })
  }

  #reportViolation(
    code: ViolationCode,
    sentence: string,
    { seats, bookings }: { seats?: Sample<number>; bookings?: Sample<string> } = {},
  ): void {
    this.#report({
      code,
      showId: this.showId,
      message: `Show ${quote(this.#show.name)} (${this.showId.slice(0, 8)}): ${sentence}.`,
      seats: seats?.items,
      bookings: bookings?.items.map(formatReference),
    })
  }

  #name(seats: Sample<number>): string {
    return nameSeats(seats, this.#layout)
  }

  get #house(): string {
    const { totalSeats } = this.#layout
    return `house of ${totalSeats} ${totalSeats === 1 ? 'seat' : 'seats'}`
  }

  #isSeat(seat: unknown): seat is number {
    return typeof seat === 'number' && seat >= 1 && seat <= this.#layout.totalSeats
  }
}

const clashEndings: Partial<Record<ViolationCode, string>> = {
  SEAT_SOLD_TWICE: 'and both are confirmed',
  SEAT_HELD_TWICE: 'and both are held',
  SEAT_HELD_AND_SOLD: 'one held and the other confirmed',
}
