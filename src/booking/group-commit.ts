import type { BookingOptions } from './book-seats.js'
import type { BookingOutcome, BookingRequest } from './booking.js'
import { type BookBatch, BookingLine, type QueueLimits } from './show-queue.js'

/** What books a batch for any show. */
type BookShowBatch<Outcome> = (
  showId: string,
  ...batch: Parameters<BookBatch<Outcome>>
) => ReturnType<BookBatch<Outcome>>

/**
 * Group commit: requests for the same show that arrive while a transaction runs wait together and
 * become the next batch, with one lock, one read, one write and one commit for them all, in the
 * order in which they came. Different shows run side by side, up to the connections there are.
 */
export class BookingQueue<Outcome = BookingOutcome> {
  readonly #bookBatch: BookShowBatch<Outcome>
  readonly #limits: QueueLimits
  readonly #lines = new Map<string, BookingLine<Outcome>>()

  constructor(bookBatch: BookShowBatch<Outcome>, limits: Partial<QueueLimits> = {}) {
    this.#bookBatch = bookBatch
    this.#limits = { batch: 500, waiting: 10_000, ahead: false, ...limits }
  }

  /** Books one request when its turn comes. Throws as `bookSeats` says, and BUSY when it is full. */
  book(showId: string, request: BookingRequest, options: BookingOptions = {}): Promise<Outcome> {
    let line = this.#lines.get(showId)
    if (line === undefined) {
      const bookBatch = this.#bookBatch.bind(undefined, showId)
      line = new BookingLine(bookBatch, this.#limits, () => this.#lines.delete(showId))
      this.#lines.set(showId, line)
    }
    return line.book(request, options)
  }
}
