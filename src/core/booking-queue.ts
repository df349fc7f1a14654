import type { BookingOutcome, BookingRequest } from './booking.js'
import type { BookingOptions } from './bookings.js'
import { TicketsError } from './errors.js'

/** Bounds of the queue in front of one show. */
export interface QueueLimits {
  /** Requests that one transaction decides at most. */
  batch: number
  /** Requests that may wait for one show; the next one is BUSY. */
  waiting: number
}

/** What books a batch for one show: `bookSeats` of some database, or a rehearsal of it. */
export type BookBatch<Outcome> = (
  showId: string,
  requests: readonly BookingRequest[],
  options: BookingOptions,
) => Promise<(Outcome | Error)[]>

/**
 * Group commit: requests for the same show that arrive while a transaction runs wait together and
 * become the next batch, with one lock, one read, one write and one commit for them all, in the
 * order in which they came. Different shows run side by side, up to the connections there are.
 */
export class BookingQueue<Outcome = BookingOutcome> {
  readonly #bookBatch: BookBatch<Outcome>
  readonly #limits: QueueLimits
  readonly #shows = new Map<string, Job<Outcome>[]>()

  constructor(
    bookBatch: BookBatch<Outcome>,
    limits: QueueLimits = { batch: 1000, waiting: 10_000 },
  ) {
    this.#bookBatch = bookBatch
    this.#limits = limits
  }

  /** Books one request when its turn comes. Throws as `bookSeats` says, and BUSY when it is full. */
  book(showId: string, request: BookingRequest, options: BookingOptions = {}): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const waiting = this.#shows.get(showId)
      if (waiting && waiting.length >= this.#limits.waiting) {
        reject(new TicketsError('BUSY', 'Too many bookings wait for this show. Try again soon.'))
        return
      }
      const job = { request, options, resolve, reject }
      if (waiting) waiting.push(job)
      else void this.#serve(showId, [job])
    })
  }

  async #serve(showId: string, waiting: Job<Outcome>[]): Promise<void> {
    this.#shows.set(showId, waiting)
    while (waiting.length > 0) {
      // Whoever was just answered, and asks again at once, still makes it into the next batch.
      await new Promise(setImmediate)
      await this.#serveBatch(showId, waiting.splice(0, this.#limits.batch))
    }
    this.#shows.delete(showId)
  }

  async #serveBatch(showId: string, jobs: Job<Outcome>[]): Promise<void> {
    try {
      const outcomes = await this.#bookBatch(
        showId,
        jobs.map((job) => job.request),
        { onRetry: (...retry) => jobs.forEach((job) => void job.options.onRetry?.(...retry)) },
      )
      jobs.forEach((job, i) => {
        const outcome = outcomes[i]!
        if (outcome instanceof Error) job.reject(outcome)
        else job.resolve(outcome)
      })
    } catch (error) {
      for (const job of jobs) job.reject(error)
    }
  }
}

interface Job<Outcome> {
  request: BookingRequest
  options: BookingOptions
  resolve(outcome: Outcome): void
  reject(error: unknown): void
}
