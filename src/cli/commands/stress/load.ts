import type { BookingRequest, RetryCause } from '../../../client/api.js'
import type { ConfirmedAnswer } from '../../../client/open-client.js'
import { type ErrorCode, errorCodes, exitOf, TicketsError } from '../../../shared/errors.js'
import { type Percentiles, percentilesOf } from '../../../shared/percentiles.js'

/** How one attempt to book ended. A box office under load must never answer `failed`. */
export type AttemptEnd = 'confirmed' | 'refused' | 'busy' | 'failed'

/** The result of one request of a load. Times are in milliseconds. */
export interface Attempt {
  end: AttemptEnd
  /** The error's code, or a message if it has none; null if confirmed. */
  reason: string | null
  /** The booking as the response confirmed it; null if it was not confirmed. */
  confirmed: ConfirmedAnswer | null
  /** The time of the booking itself; null if nothing was recorded. */
  bookingMs: number | null
  /** The whole time that the caller waited. */
  totalMs: number
  /** The reason for each retry. */
  retries: readonly RetryCause[]
}

/** Makes one request and returns its result. Never throws: a failure is a result too. */
export type LoadWorker = (request: BookingRequest) => Promise<Attempt>

export interface LoadOptions {
  /** How many requests are in progress at any time. */
  concurrency: number
  worker: LoadWorker
  /**
   * When aborted, makes no further requests, waits for those in progress, and throws INTERRUPTED.
   */
  signal?: AbortSignal | undefined
  /** Called after each request with the number of requests done. */
  onDone?: ((done: number) => void) | undefined
}

/** Makes all requests, `concurrency` at a time; returns their results in the same order. */
export async function runLoad(
  requests: readonly BookingRequest[],
  { concurrency, worker, signal, onDone }: LoadOptions,
): Promise<Attempt[]> {
  const attempts: Attempt[] = []
  let next = 0
  let done = 0
  const work = async () => {
    while (next < requests.length && !signal?.aborted) {
      const turn = next++
      attempts[turn] = await worker(requests[turn]!)
      onDone?.(++done)
    }
  }
  const workers = Array.from({ length: Math.min(concurrency, requests.length) }, work)
  await Promise.all(workers)
  if (signal?.aborted) throw new TicketsError('INTERRUPTED', 'Interrupted before the end.')
  return attempts
}

/** How an attempt that failed with this code ended. */
export function endOf(code: ErrorCode): AttemptEnd {
  const { exit } = errorCodes[code]
  if (exit === exitOf.refused) return 'refused'
  return exit === exitOf.busy ? 'busy' : 'failed'
}

/** The statistics of a load. */
export interface LoadSummary {
  bookings: number
  confirmed: number
  refused: number
  busy: number
  failed: number
  /** The number of seats of the confirmed bookings. */
  seats: number
  seconds: number
  /** Responses per second, confirmed and refused. */
  perSecond: number
  /**
   * The times of the bookings themselves, and of the callers' whole waits; null if there are none.
   */
  bookingMs: Percentiles | null
  totalMs: Percentiles | null
  retries: Record<RetryCause, number>
  /** The reasons of the other responses, with their number; the most frequent first. */
  reasons: { end: AttemptEnd; reason: string; count: number }[]
}

/** Computes the statistics of a run that took `elapsedMs` milliseconds. */
export function summarizeLoad(attempts: readonly Attempt[], elapsedMs: number): LoadSummary {
  const count = (end: AttemptEnd) => attempts.filter((attempt) => attempt.end === end).length
  const retried = attempts.flatMap((attempt) => attempt.retries)
  const times = (reason: RetryCause) => retried.filter((retry) => retry === reason).length
  const seconds = elapsedMs / 1000
  const [confirmed, refused] = [count('confirmed'), count('refused')]
  return {
    bookings: attempts.length,
    confirmed,
    refused,
    busy: count('busy'),
    failed: count('failed'),
    seats: attempts.reduce((sum, attempt) => sum + (attempt.confirmed?.seats.length ?? 0), 0),
    seconds,
    perSecond: seconds === 0 ? 0 : (confirmed + refused) / seconds,
    bookingMs: percentilesOf(attempts.flatMap(({ bookingMs }) => bookingMs ?? [])),
    totalMs: percentilesOf(attempts.map(({ totalMs }) => totalMs)),
    retries: { connect: times('connect'), conflict: times('conflict'), lost: times('lost') },
    reasons: reasonsOf(attempts),
  }
}

function reasonsOf(attempts: readonly Attempt[]): LoadSummary['reasons'] {
  const found = new Map<string, LoadSummary['reasons'][number]>()
  for (const { end, reason } of attempts) {
    if (reason === null) continue
    const entry = found.get(`${end} ${reason}`) ?? { end, reason, count: 0 }
    entry.count += 1
    found.set(`${end} ${reason}`, entry)
  }
  return [...found.values()].sort((a, b) => b.count - a.count)
}
