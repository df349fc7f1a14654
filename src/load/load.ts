import type { BookingRequest } from '../booking/booking.js'
import { type ErrorCode, errorCodes, TicketsError } from '../shared/errors.js'
import { type Percentiles, percentilesOf } from '../shared/percentiles.js'
import type { ConfirmedAnswer } from './confirmed-check.js'

/** How one attempt to book ended. `failed` is what a box office under load must never answer. */
export type AttemptEnd = 'confirmed' | 'refused' | 'busy' | 'failed'

/** What became of one request of a load. Times are milliseconds. */
export interface Attempt {
  end: AttemptEnd
  /** The error's code, or a sentence where there is none; null when confirmed. */
  reason: string | null
  /** The booking as the answer confirmed it; null when it was not confirmed. */
  confirmed: ConfirmedAnswer | null
  /** The booking itself; null when nothing was recorded. */
  bookingMs: number | null
  /** Everything, as the caller felt it. */
  totalMs: number
  /** Why the database had to be asked again, once for each time. */
  retries: readonly RetryReason[]
}

/** `connect`: no room for one more client; `conflict`: others were in the way; `lost`: cut off. */
export type RetryReason = 'connect' | 'conflict' | 'lost'

/** Makes one request and returns what became of it. Never throws: a failure is an attempt too. */
export type LoadWorker = (request: BookingRequest) => Promise<Attempt>

export interface LoadOptions {
  /** How many requests are under way at any time. */
  concurrency: number
  worker: LoadWorker
  /** Aborted: no further request is made, those under way are waited for, and it throws INTERRUPTED. */
  signal?: AbortSignal | undefined
  /** Called after each request with how many are done. */
  onDone?: ((done: number) => void) | undefined
}

/** Makes all requests, `concurrency` at a time; returns what became of each, in their order. */
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

/** How an attempt ended that was answered with an error of this code. */
export function endOf(code: ErrorCode): AttemptEnd {
  const { exit } = errorCodes[code]
  if (exit === 4) return 'refused'
  return exit === 5 ? 'busy' : 'failed'
}

/** A load in numbers. */
export interface LoadSummary {
  bookings: number
  confirmed: number
  refused: number
  busy: number
  failed: number
  /** Seats of the confirmed bookings. */
  seats: number
  seconds: number
  /** Answers a second, confirmed and refused. */
  perSecond: number
  /** Of the bookings themselves, and of all that the callers felt; null without any. */
  bookingMs: Percentiles | null
  totalMs: Percentiles | null
  retries: Record<RetryReason, number>
  /** What was answered instead of a confirmation, and how often; the most frequent first. */
  reasons: { end: AttemptEnd; reason: string; count: number }[]
}

/** Counts and measures the attempts of a run that took `elapsedMs` milliseconds. */
export function summarizeLoad(attempts: readonly Attempt[], elapsedMs: number): LoadSummary {
  const count = (end: AttemptEnd) => attempts.filter((attempt) => attempt.end === end).length
  const retried = attempts.flatMap((attempt) => attempt.retries)
  const times = (reason: RetryReason) => retried.filter((retry) => retry === reason).length
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
