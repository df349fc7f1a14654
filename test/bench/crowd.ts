import { percentilesOf } from '../../src/shared/percentiles.js'

/** Callers who book single seats, each as soon as the previous booking is answered. */
export interface Crowd {
  callers: number
  /** Seats of each show; when one is sold out, the next is sold. */
  seats: number
  /** How many shows are sold at once; each caller stays with one (default: 1). Only for ours. */
  showsAtOnce?: number
  /** Whether all seats are sold beforehand, so that every booking is refused. */
  isSoldOut?: boolean
  /** How many times the map of the show is read for each booking (default: 0). */
  looks?: number
}

/**
 * How long the callers book before they are measured, while connections are opened and statements
 * are planned, and how long they are measured; together whole seconds, as pgbench counts.
 */
export function timesOf({ callers }: Crowd): { rampMs: number; windowMs: number } {
  return callers <= 32
    ? { rampMs: 250, windowMs: 750 }
    : { rampMs: 1000 * Math.ceil(callers / 128), windowMs: 1000 }
}

/** The answers that the callers got. */
export interface Answers {
  /** The bookings that were answered, before and in the window. */
  booked: number
  /** How long each booking of the window took, in milliseconds. */
  times: number[]
  /** Map reads in the window. */
  looks: number
}

/** The numbers of bookings in the database. */
export interface Stored {
  confirmed: number
  refused: number
}

/** How fast the callers were answered. */
export interface Sale {
  /** Bookings, and map reads. */
  perSecond: number
  /** Of the bookings; infinite if none was answered. */
  p99Ms: number
}

/** One way to sell seats. */
export interface Contender {
  name: string
  /** Sells to the callers. Throws if a seat is sold twice, or a booking is lost. */
  sell(crowd: Crowd): Promise<Sale>
}

/** How many shows the callers need, so that `mostASecond` bookings do not sell them out. */
export function showsFor(crowd: Crowd, mostASecond: number): number {
  const { seats, showsAtOnce = 1, isSoldOut = false, looks = 0 } = crowd
  if (isSoldOut) return showsAtOnce
  const { rampMs, windowMs } = timesOf(crowd)
  const bookings = (mostASecond * (rampMs + windowMs)) / 1000 / (1 + looks)
  return showsAtOnce * Math.ceil(bookings / showsAtOnce / seats)
}

/**
 * Throws if an answered booking is lost, or the answer was wrong. There may be more bookings, whose
 * callers got no answer in time.
 */
export function checkAnswers(
  crowd: Crowd,
  { booked, times, looks }: Answers,
  { confirmed, refused }: Stored,
): Sale {
  if (confirmed + refused < booked || (crowd.isSoldOut ? confirmed : refused) > 0) {
    throw new Error(`${booked} were answered; ${confirmed} are confirmed, ${refused} refused.`)
  }
  const seconds = timesOf(crowd).windowMs / 1000
  return {
    perSecond: (times.length + looks) / seconds,
    p99Ms: percentilesOf(times)?.p99 ?? Number.POSITIVE_INFINITY,
  }
}
