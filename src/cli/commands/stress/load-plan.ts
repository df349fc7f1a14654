import type { BookingRequest } from '../../../client/api.js'
import { formatSeats, type SeatLayout } from '../../../house/seats.js'

/** The parameters of a load. The same plan, including its seed, makes the same requests. */
export interface LoadPlan {
  bookings: number
  /** The minimum and the maximum number of seats per booking. */
  seatsPerBooking: { min: number; max: number }
  /** The house to book in. */
  layout: SeatLayout
  /** A whole number from 0 to 2³² − 1. */
  seed: number
}

/**
 * Returns the requests in the order in which to make them: three out of five name their seats, the
 * others leave the choice to the box office. Named seats begin at seat n with a probability of
 * about 1/n (Zipf's law), so that many requests want the same seats, as people do.
 */
export function planLoad({ bookings, seatsPerBooking, layout, seed }: LoadPlan): BookingRequest[] {
  const random = randomFrom(seed)
  const { min, max } = seatsPerBooking
  return Array.from({ length: bookings }, (_, index) => {
    const count = Math.min(min + Math.floor(random() * (max - min + 1)), layout.totalSeats)
    const [choice, position] = [random(), random()]
    const customer = `Customer ${index + 1}`
    if (choice >= NAMED) return { count, customer }
    const first = hotSeat(position, layout.totalSeats - count + 1)
    const seats = Array.from({ length: count }, (_, offset) => first + offset)
    return { seats: formatSeats(seats, layout), customer }
  })
}

const NAMED = 0.6

/** Returns 1 to `last`, with a probability of about 1/n: uniform in the logarithm. */
function hotSeat(random: number, last: number): number {
  return Math.min(Math.floor((last + 1) ** random), last)
}

/** Mulberry32 by Tommy Ettinger (2017, public domain): 32 bits of state, numbers from 0 to 1. */
function randomFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
