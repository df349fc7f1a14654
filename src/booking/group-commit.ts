import { afterMs, type Deadline, GRACE_MS } from '../shared/deadline.js'
import { TicketsError } from '../shared/errors.js'
import type { BookingOutcome, BookingRequest, BookOptions } from './booking.js'
import { type BatchOptions, bookingsInDoubt, withdrawn } from './settle.js'

/** The options of one request in a queue. */
interface QueueOptions extends BookOptions {
  /** When the request stops waiting (default: never). It is answered when the grace is over. */
  deadline?: Deadline | undefined
}

/** Books a batch for one show: `bookSeats` of a database, or a dry run. */
type BookBatch<Outcome> = (
  showId: string,
  requests: readonly BookingRequest[],
  options: BatchOptions & Pick<QueueOptions, 'deadline'>,
) => Promise<(Outcome | Error)[]>

/** The maximum number of requests that one transaction decides. */
const MOST_IN_BATCH = 500
/** The maximum number of requests that may wait for one show; further ones are BUSY. */
const MOST_WAITING = 10_000
/**
 * With at least this many requests, two batches are faster: one is recorded while the other is
 * decided.
 */
const CROWD = 64

/**
 * Collects the requests for a show that arrive while a transaction runs, and books them as the next
 * batch, in order of arrival, with one lock, one read, one write and one commit. Each show has its
 * own queue; the queues run in parallel, as far as connections allow.
 */
export class GroupCommit<Outcome = BookingOutcome> {
  readonly #bookBatch: BookBatch<Outcome>
  readonly #isAhead: boolean
  readonly #queues = new Map<string, ShowQueue<Outcome>>()

  /** `isAhead`: records a batch while the previous one is decided; uses two connections per show. */
  constructor(bookBatch: BookBatch<Outcome>, { isAhead = false } = {}) {
    this.#bookBatch = bookBatch
    this.#isAhead = isAhead
  }

  /**
   * Books one request when its turn comes. Throws like `bookSeats`, BUSY if the queue is full or
   * its turn does not come in time, and IN_DOUBT if its batch is not answered in time.
   */
  book(showId: string, request: BookingRequest, options: QueueOptions = {}): Promise<Outcome> {
    let queue = this.#queues.get(showId)
    if (queue === undefined) {
      const onEmpty = () => this.#queues.delete(showId)
      queue = new ShowQueue(showId, this.#bookBatch, { isAhead: this.#isAhead, onEmpty })
      this.#queues.set(showId, queue)
    }
    return queue.book(request, options)
  }
}

/**
 * The requests that wait for one show. A few requests wait until the previous batch is decided, and
 * are the next batch. With many requests, each batch takes half of them, so that one half is
 * recorded while the other is decided; the server does both in parallel, and the requests keep
 * their order.
 */
class ShowQueue<Outcome> {
  readonly #showId: string
  readonly #bookBatch: BookBatch<Outcome>
  readonly #isAhead: boolean
  readonly #onEmpty: () => void
  readonly #waiting: Job<Outcome>[] = []
  #underWay = 0
  #isServed = false
  #onCrowd = () => {}

  constructor(
    showId: string,
    bookBatch: BookBatch<Outcome>,
    { isAhead, onEmpty }: { isAhead: boolean; onEmpty: () => void },
  ) {
    this.#showId = showId
    this.#bookBatch = bookBatch
    this.#isAhead = isAhead
    this.#onEmpty = onEmpty
  }

  /** Throws like `bookSeats`, and BUSY if too many requests wait. */
  async book(request: BookingRequest, options: QueueOptions): Promise<Outcome> {
    const { signal, deadline } = options
    let leave = () => {}
    let cancelExpiry = () => {}
    try {
      return await new Promise<Outcome>((resolve, reject) => {
        if (this.#waiting.length >= MOST_WAITING) throw queueFull()
        const job: Job<Outcome> = { request, options, resolve, reject, hasLeft: false }
        leave = () => {
          if (this.#leave(job, withdrawn())) return
          cancelExpiry()
          cancelExpiry = afterMs(GRACE_MS, () => reject(inDoubt(job)))
        }
        if (deadline !== undefined) {
          cancelExpiry = afterMs(deadline.at + GRACE_MS - performance.now(), () => {
            if (!this.#leave(job, tookTooLong())) reject(inDoubt(job))
          })
        }
        if (signal?.aborted) return leave()
        signal?.addEventListener('abort', leave)
        this.#waiting.push(job)
        if (!this.#isServed) void this.#serve()
        else if (this.#isCrowd()) this.#onCrowd()
      })
    } finally {
      cancelExpiry()
      signal?.removeEventListener('abort', leave)
    }
  }

  /** Withdraws a request, unless it is being decided; returns whether it is withdrawn. */
  #leave(job: Job<Outcome>, reason: TicketsError): boolean {
    if (job.reference !== undefined) return false
    job.hasLeft = true
    const index = this.#waiting.indexOf(job)
    if (index >= 0) this.#waiting.splice(index, 1)
    job.reject(reason)
    return true
  }

  async #serve(): Promise<void> {
    this.#isServed = true
    let latest = { locked: Promise.resolve(), done: Promise.resolve() }
    while (this.#waiting.length + this.#underWay > 0) {
      // A caller that was just answered, and books again at once, still joins the next batch.
      await new Promise(setImmediate)
      if (this.#underWay > 0) {
        await this.#doneOrCrowd(latest.done)
        this.#refuseLate()
      }
      if (this.#waiting.length === 0) continue
      const before = latest
      latest = this.#serveBatch(this.#waiting.splice(0, this.#batchSize()), before.locked)
      // At most two batches at a time.
      await before.done
    }
    this.#isServed = false
    this.#onEmpty()
  }

  /**
   * Refuses the requests whose deadline passed while they waited for the batches before theirs, if
   * the database would have less than half of the grace left to answer them.
   */
  #refuseLate(): void {
    const earliest = performance.now() - GRACE_MS / 2
    for (const job of this.#waiting.filter(
      ({ options }) => Number(options.deadline?.at) < earliest,
    )) {
      this.#leave(job, tookTooLong())
    }
  }

  /**
   * Whether at least as many requests wait as are in progress, and together make two batches
   * worthwhile.
   */
  #isCrowd(): boolean {
    const { length } = this.#waiting
    return this.#isAhead && length >= this.#underWay && length + this.#underWay >= CROWD
  }

  #batchSize(): number {
    const { length } = this.#waiting
    const half = Math.ceil((length + this.#underWay) / 2)
    return Math.min(this.#isCrowd() ? half : length, MOST_IN_BATCH)
  }

  #doneOrCrowd(done: Promise<void>): Promise<void> {
    if (this.#isCrowd()) return Promise.resolve()
    const crowd = new Promise<void>((resolve) => {
      this.#onCrowd = resolve
    })
    return Promise.race([done, crowd])
  }

  /**
   * `turn` resolves when the previous batch has the lock; the server grants locks in order of
   * request.
   */
  #serveBatch(jobs: Job<Outcome>[], turn: Promise<void>) {
    let onLock = () => {}
    const locked = new Promise<void>((resolve) => {
      onLock = resolve
    })
    const done = this.#bookJobs(jobs, { turn, onLock }).finally(onLock)
    return { locked, done }
  }

  async #bookJobs(jobs: Job<Outcome>[], options: BatchOptions): Promise<void> {
    this.#underWay += jobs.length
    try {
      const outcomes = await this.#bookBatch(
        this.#showId,
        jobs.map((job) => job.request),
        {
          ...options,
          // Each job is answered by its own deadline.
          deadline: latestDeadline(jobs),
          claim: (index, reference) => claim(jobs[index]!, reference),
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

/**
 * Returns whether the caller still waits; from here on, it cannot withdraw the request. Called again
 * on each retry, because the caller may have left in the meantime.
 */
function claim(job: Job<unknown>, reference: string): boolean {
  if (!job.hasLeft) job.reference = reference
  return !job.hasLeft
}

/** Undefined if a job has none. */
function latestDeadline(jobs: readonly Job<unknown>[]): Deadline | undefined {
  const at = Math.max(
    ...jobs.map(({ options }) => options.deadline?.at ?? Number.POSITIVE_INFINITY),
  )
  return Number.isFinite(at) ? { at } : undefined
}

function queueFull(): TicketsError {
  return new TicketsError('BUSY', 'Too many bookings wait for this show. Try again soon.')
}

function tookTooLong(): TicketsError {
  return new TicketsError('BUSY', 'Other bookings for this show took too long. Nothing was booked.')
}

function inDoubt({ reference, request }: Job<unknown>): TicketsError {
  return bookingsInDoubt([{ reference: reference!, key: request.key }])
}

interface Job<Outcome> {
  request: BookingRequest
  options: QueueOptions
  /** The booking's reference, when the request is being decided. */
  reference?: string
  /** Whether its caller has got an answer, and nothing was booked. */
  hasLeft: boolean
  resolve(outcome: Outcome): void
  reject(error: unknown): void
}
