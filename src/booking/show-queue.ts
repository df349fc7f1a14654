import { TicketsError } from '../shared/errors.js'
import type { BatchOptions } from './book-seats.js'
import type { BookingOptions, BookingRequest } from './booking.js'
import { withdrawn } from './settle.js'

/** Bounds of one show's queue. */
export interface QueueLimits {
  /** Requests that one transaction decides at most. */
  batch: number
  /** Requests that may wait for one show; the next one is BUSY. */
  waiting: number
  /** Record a batch while the one before it is decided; takes two connections for a show. */
  ahead: boolean
}

/** What books a batch for one show: `bookSeats` of some database, or a dry run of it. */
export type BookBatch<Outcome> = (
  requests: readonly BookingRequest[],
  options: BatchOptions,
) => Promise<(Outcome | Error)[]>

/** From this many requests on, two batches are faster: one is recorded while the other is decided. */
const CROWD = 64

/**
 * The requests that wait for one show. A few wait until the batch before is decided, and are the next
 * batch. A crowd is booked in halves, so that each half is recorded while the other is decided: the
 * server does both at the same time, and the requests keep the order in which they came.
 */
export class ShowQueue<Outcome> {
  readonly #bookBatch: BookBatch<Outcome>
  readonly #limits: QueueLimits
  readonly #onEmpty: () => void
  readonly #waiting: Job<Outcome>[] = []
  #underWay = 0
  #isServed = false
  #onCrowd = () => {}

  constructor(bookBatch: BookBatch<Outcome>, limits: QueueLimits, onEmpty: () => void) {
    this.#bookBatch = bookBatch
    this.#limits = limits
    this.#onEmpty = onEmpty
  }

  /** Throws as `bookSeats` says, and BUSY when too many wait. */
  book(request: BookingRequest, options: BookingOptions): Promise<Outcome> {
    let leave = () => {}
    const outcome = new Promise<Outcome>((resolve, reject) => {
      if (this.#waiting.length >= this.#limits.waiting) {
        reject(new TicketsError('BUSY', 'Too many bookings wait for this show. Try again soon.'))
        return
      }
      const job = { request, options, resolve, reject, isBegun: false }
      leave = () => this.#leave(job)
      this.#waiting.push(job)
      if (!this.#isServed) void this.#serve()
      else if (this.#isCrowd()) this.#onCrowd()
    })
    const { signal } = options
    if (signal === undefined) return outcome
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave)
    return outcome.finally(() => signal.removeEventListener('abort', leave))
  }

  /** A request that is being decided gets its verdict; another one is left out of its batch. */
  #leave(job: Job<Outcome>): void {
    if (job.isBegun) return
    const place = this.#waiting.indexOf(job)
    if (place >= 0) this.#waiting.splice(place, 1)
    job.reject(withdrawn())
  }

  async #serve(): Promise<void> {
    this.#isServed = true
    let latest = { hasLock: Promise.resolve(), isDone: Promise.resolve() }
    while (this.#waiting.length + this.#underWay > 0) {
      // A caller that was just answered, and books again at once, is still in the next batch.
      await new Promise(setImmediate)
      if (this.#underWay > 0) await this.#doneOrCrowd(latest.isDone)
      if (this.#waiting.length === 0) continue
      const before = latest
      latest = this.#serveBatch(this.#waiting.splice(0, this.#batchSize()), before.hasLock)
      // No more than two at a time.
      await before.isDone
    }
    this.#isServed = false
    this.#onEmpty()
  }

  /** Are as many waiting as are under way, and both together enough for two batches? */
  #isCrowd(): boolean {
    const { length } = this.#waiting
    return this.#limits.ahead && length >= this.#underWay && length + this.#underWay >= CROWD
  }

  #batchSize(): number {
    const { length } = this.#waiting
    const half = Math.ceil((length + this.#underWay) / 2)
    return Math.min(this.#isCrowd() ? half : length, this.#limits.batch)
  }

  #doneOrCrowd(isDone: Promise<void>): Promise<void> {
    if (this.#isCrowd()) return Promise.resolve()
    const crowd = new Promise<void>((resolve) => {
      this.#onCrowd = resolve
    })
    return Promise.race([isDone, crowd])
  }

  /** The next batch may ask for the lock when this one has it: the server gives it in that order. */
  #serveBatch(jobs: Job<Outcome>[], turn: Promise<void>) {
    let onLock = () => {}
    const hasLock = new Promise<void>((resolve) => {
      onLock = resolve
    })
    const isDone = this.#bookJobs(jobs, { turn, onLock }).finally(onLock)
    return { hasLock, isDone }
  }

  async #bookJobs(jobs: Job<Outcome>[], options: BatchOptions): Promise<void> {
    this.#underWay += jobs.length
    try {
      const outcomes = await this.#bookBatch(
        jobs.map((job) => job.request),
        {
          ...options,
          isWanted: (place) => isWanted(jobs[place]!),
          onRetry: (...retry) => jobs.forEach((job) => void job.options.onRetry?.(...retry)),
        },
      )
      for (const [i, job] of jobs.entries()) {
        const outcome = outcomes[i]!
        if (outcome instanceof Error) job.reject(outcome)
        else job.resolve(outcome)
      }
    } catch (error) {
      for (const job of jobs) job.reject(error)
    } finally {
      this.#underWay -= jobs.length
    }
  }
}

/** Asked again when deciding did not come to an end: then it may have become unwanted meanwhile. */
function isWanted(job: Job<unknown>): boolean {
  job.isBegun = !job.options.signal?.aborted
  return job.isBegun
}

interface Job<Outcome> {
  request: BookingRequest
  options: BookingOptions
  /** It is being decided. */
  isBegun: boolean
  resolve(outcome: Outcome): void
  reject(error: unknown): void
}
