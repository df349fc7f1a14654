import type { BookingOptions, BookingOutcome, BookingRequest } from './booking.js'
import { type BookBatch, type QueueLimits, ShowQueue } from './show-queue.js'

/** What books a batch for any show. */
type BookShowBatch<Outcome> = (
  showId: string,
  ...batch: Parameters<BookBatch<Outcome>>
) => ReturnType<BookBatch<Outcome>>

/**
 * Requests for the same show that arrive while a transaction runs wait together and become the next
 * batch, with one lock, one read, one write and one commit for them all, in the order in which they
 * came. Each show has a queue of its own; the queues run side by side, as far as connections allow.
 */
export class GroupCommit<Outcome = BookingOutcome> {
  readonly #bookBatch: BookShowBatch<Outcome>
  readonly #limits: QueueLimits
  readonly #queues = new Map<string, ShowQueue<Outcome>>()

  constructor(bookBatch: BookShowBatch<Outcome>, limits: Partial<QueueLimits> = {}) {
    this.#bookBatch = bookBatch
    this.#limits = { batch: 500, waiting: 10_000, ahead: false, ...limits }
  }

  /** Books one request when its turn comes. Throws as `bookSeats` says, and BUSY when it is full. */
  book(showId: string, request: BookingRequest, options: BookingOptions = {}): Promise<Outcome> {
    let queue = this.#queues.get(showId)
    if (queue === undefined) {
      const bookBatch = this.#bookBatch.bind(undefined, showId)
      queue = new ShowQueue(bookBatch, this.#limits, () => this.#queues.delete(showId))
      this.#queues.set(showId, queue)
    }
    return queue.book(request, options)
  }
}
