import type { BookingOutcome, BookingRequest } from './booking.js'
import { type BookBatch, type QueueLimits, type QueueOptions, ShowQueue } from './show-queue.js'

/** Books a batch for any show. */
type BookShowBatch<Outcome> = (
  showId: string,
  ...batch: Parameters<BookBatch<Outcome>>
) => ReturnType<BookBatch<Outcome>>

/**
 * Collects the requests for a show that arrive while a transaction runs, and books them as the next
 * batch, in order of arrival, with one lock, one read, one write and one commit. Each show has its
 * own queue; the queues run in parallel, as far as connections allow.
 */
export class GroupCommit<Outcome = BookingOutcome> {
  readonly #bookBatch: BookShowBatch<Outcome>
  readonly #limits: QueueLimits
  readonly #queues = new Map<string, ShowQueue<Outcome>>()

  constructor(bookBatch: BookShowBatch<Outcome>, limits: Partial<QueueLimits> = {}) {
    this.#bookBatch = bookBatch
    this.#limits = { batch: 500, waiting: 10_000, ahead: false, ...limits }
  }

  /**
   * Books one request when its turn comes. Throws like `bookSeats`, BUSY if the queue is full or
   * its turn does not come in time, and IN_DOUBT if its batch is not answered in time.
   */
  book(showId: string, request: BookingRequest, options: QueueOptions = {}): Promise<Outcome> {
    let queue = this.#queues.get(showId)
    if (queue === undefined) {
      const bookBatch = this.#bookBatch.bind(undefined, showId)
      queue = new ShowQueue(bookBatch, this.#limits, () => this.#queues.delete(showId))
      this.#queues.set(showId, queue)
    }
    return queue.book(request, options)
  }
}
