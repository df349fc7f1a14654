import { connect } from './connect.js'
import { type RepairOptions, repairBookings } from './core/abandoned.js'
import { type AllOrNothing, bookAllOrNothing, type Order } from './core/all-or-nothing.js'
import type { BookingOutcome, BookingRequest, BookingStatus } from './core/booking.js'
import {
  type BookingFilter,
  type ListedBooking,
  listBookings,
  suggestBookings,
  viewBooking,
} from './core/booking-list.js'
import { BookingQueue } from './core/booking-queue.js'
import { type BookingOptions, bookSeats, previewSeats, refusalError } from './core/bookings.js'
import { type HistoryEvent, type HistoryOf, listHistory } from './core/history.js'
import { type CancelOptions, cancelBooking } from './core/life/cancel.js'
import { type CheckIn, type CheckInOptions, checkIn } from './core/life/check-in.js'
import { type Confirmed, type ConfirmOptions, confirmBooking } from './core/life/confirm.js'
import { type MoveOptions, moveBooking } from './core/life/move.js'
import { findLostReceipts, type Receipt } from './core/receipts.js'
import { recentSales } from './core/recent-sales.js'
import { Rehearsal, type Rehearsed } from './core/rehearsal.js'
import {
  type CancellationPreview,
  cancelShow,
  copyShow,
  editShow,
  previewCancellation,
  type ShowEdit,
} from './core/show-changes.js'
import { reportOnShow, type ShowReport } from './core/show-report.js'
import {
  createShow,
  findShow,
  listShows,
  type NewShow,
  type Show,
  type ShowDetails,
  type ShowFilter,
  viewShow,
} from './core/shows.js'
import { type ApiToken, createToken, findToken, listTokens, revokeToken } from './core/tokens.js'
import { type VerifyOptions, type VerifyReport, verifyShows } from './core/verify.js'
import { type WatchOptions, watchShow } from './core/watch.js'
import type { Database } from './database/connection.js'
import type { RetryCause } from './database/failures.js'
import {
  hasBookings,
  type MigrateOptions,
  migrate,
  requireSchema,
  rollback,
  type SchemaStatus,
  schemaStatus,
} from './database/migrate.js'
import { withRetry } from './database/retry.js'

/** How to open a box office. Everything may be left out. */
export interface TicketsOptions {
  /** A PostgreSQL URL, or `embedded`. Default: what the environment says, else `embedded`. */
  database?: string | undefined
  /** How long to keep trying when the database is busy, in milliseconds. Default: 30,000. */
  waitMs?: number
  /** How many connections at most. Default: 1. */
  connections?: number
  /** Where DATABASE_URL, PGHOST, TICKETS_DATA_DIR and the like are looked up. */
  env?: Record<string, string | undefined>
  /** Whose `.env` file counts. Default: the working directory. */
  cwd?: string
  /** The schema to work in. Default: `TICKETS_SCHEMA` in `env`, else the login's own. */
  schema?: string
  /** Hears why the database is asked again: it was full, others were in the way, or it was lost. */
  onRetry?: (cause: RetryCause) => void
  /** Hears of each batch of bookings that has its show's lock: its size, and how long it waited. */
  onBatch?: (batch: { size: number; lockWaitMs: number }) => void
  /** Hears of what takes a while: the embedded server being made or started. */
  onProgress?: (sentence: string) => void
  /** Hears every SQL statement with its duration. */
  trace?: (line: string) => void
  /** Who works here, for the history. */
  operator?: string
  /** From which command or client, for the history. */
  command?: string
  /** When aborted, what is under way is rolled back and throws INTERRUPTED. */
  signal?: AbortSignal
}

/**
 * A box office: one database, and everything that can be done with it.
 *
 * @example
 * const tickets = openTickets()
 * const show = await tickets.createShow({ name: 'The Lion King', startTime, totalSeats: 100 })
 * const { booking } = await tickets.book(show.id, { count: 2, customer: 'Ada' })
 * await tickets.close()
 *
 * Every method but `close` may throw a `TicketsError` of the database: DB_UNREACHABLE, DB_AUTH,
 * DB_MISSING, DB_TLS, NOT_MIGRATED, SCHEMA_TOO_NEW, BUSY.
 */
export interface Tickets {
  /** Which database this is, for people; never with its password. */
  readonly databaseName: string
  /** The connections as they are now, and how many calls wait for one. */
  readonly connections: { busy: number; idle: number; waiting: number }
  /** Creates a show with an empty house. Throws INVALID_INPUT. */
  createShow(show: NewShow): Promise<Show>
  /** Shows in the order of their start, in constant memory however many there are. */
  listShows(filter?: ShowFilter): AsyncGenerator<Show>
  /** The show with this id, beginning of an id, or name. Throws SHOW_NOT_FOUND, AMBIGUOUS_ID. */
  findShow(show: string): Promise<Show>
  /** The same, with the seats of its house. */
  viewShow(show: string): Promise<ShowDetails>
  /**
   * A show and its house, now and after every change, until `signal` is aborted; what changes fast
   * is seen together. It takes a connection more. `show` as for `findShow`. Throws SHOW_NOT_FOUND,
   * AMBIGUOUS_ID, INTERRUPTED.
   */
  watchShow(show: string, options?: WatchOptions): AsyncGenerator<ShowDetails>
  /** Seats sold in each of the last minutes, the latest last. `show` as for `findShow`. */
  recentSales(show: string, minutes: number): Promise<number[]>
  /**
   * Books seats, or holds them. `show` as for `findShow`. When it returns, the booking is durable.
   *
   * Throws SHOW_NOT_FOUND, AMBIGUOUS_ID, INVALID_INPUT, NO_SUCH_SEAT and KEY_REUSED before
   * anything is recorded; SEATS_TAKEN, NOT_ENOUGH_SEATS, SHOW_CANCELLED and ABANDONED with the
   * FAILED booking as `outcome`; BUSY and INTERRUPTED.
   */
  book(show: string, request: BookingRequest, options?: BookingOptions): Promise<BookingOutcome>
  /** The seats that `book` would give now; nothing is written. Throws what `book` throws. */
  preview(show: string, request: BookingRequest): Promise<number[]>
  /**
   * Books every order or none, in one transaction; `showId` is a whole id. A refusal leaves nothing
   * behind, used keys included. Throws BUSY and INTERRUPTED.
   */
  bookAllOrNothing(orders: readonly Order[]): Promise<AllOrNothing>
  /**
   * Makes a `book` that only says what it would do, and that knows what it has said before: two of
   * its requests do not get the same seat. Writes nothing; throws what `book` throws.
   */
  rehearse(): (show: string, request: BookingRequest) => Promise<Rehearsed>
  /** The receipts that the database does not honour; there should be none. */
  findLostReceipts(receipts: readonly Receipt[]): Promise<Receipt[]>
  /**
   * Runs `work` on a box office of its own: an empty, migrated schema in the same database, which is
   * dropped at the end, whatever the end is. `schema` is its name, for other processes.
   *
   * Throws DB_AUTH where the login may not create schemas, and what `work` throws.
   */
  withThrowaway<T>(work: (throwaway: Tickets, schema: string) => Promise<T>): Promise<T>
  /**
   * Proves, in one snapshot and in constant memory, that nothing is oversold or lost, or lists what
   * stands against it. `show` as for `findShow`; without it, all of them. Throws SHOW_NOT_FOUND,
   * AMBIGUOUS_ID, INTERRUPTED.
   */
  verify(options?: VerifyOptions): Promise<VerifyReport>
  /**
   * Makes abandoned PENDING bookings FAILED (ABANDONED), and touches nothing else. Returns their
   * references, under `dryRun` of those that it would be. `show` as for `verify`.
   */
  repair(options?: RepairOptions): Promise<string[]>
  /** A booking by its id or its reference. Throws BOOKING_NOT_FOUND. */
  findBooking(booking: string): Promise<ListedBooking>
  /** The latest bookings whose reference begins like this, for completion. */
  suggestBookings(prefix: string, statuses?: readonly BookingStatus[]): Promise<ListedBooking[]>
  /** Bookings of one show or of all, in constant memory. Throws SHOW_NOT_FOUND, AMBIGUOUS_ID. */
  listBookings(filter?: BookingFilter): AsyncGenerator<ListedBooking>
  /** Sells what a hold keeps, all or some; see `confirmBooking` in core/life for what it throws. */
  confirmBooking(booking: string, options?: ConfirmOptions): Promise<Confirmed>
  /** Gives seats back, all or some. Throws BOOKING_NOT_FOUND, INVALID_INPUT, NO_SUCH_SEAT, WRONG_STATE. */
  cancelBooking(booking: string, options?: CancelOptions): Promise<BookingOutcome>
  /**
   * Exchanges seats, within a show or for another one. Throws BOOKING_NOT_FOUND, SHOW_NOT_FOUND,
   * INVALID_INPUT, NO_SUCH_SEAT, SEATS_TAKEN, SHOW_CANCELLED and WRONG_STATE; then nothing changed.
   */
  moveBooking(booking: string, options: MoveOptions): Promise<BookingOutcome>
  /** Lets a booking's seats in, each once. Throws BOOKING_NOT_FOUND, SHOW_CANCELLED, WRONG_STATE. */
  checkIn(booking: string, options?: CheckInOptions): Promise<CheckIn>
  /** What happened to a booking, a show or a seat of it, in order. */
  listHistory(of: HistoryOf): AsyncGenerator<HistoryEvent>
  /** Changes a show. Throws SHOW_NOT_FOUND, INVALID_INPUT, SEATS_TAKEN. */
  editShow(show: string, edit: ShowEdit): Promise<Show>
  /** A new, empty show with the house of another. Throws SHOW_NOT_FOUND, INVALID_INPUT. */
  copyShow(show: string, copy: { startTime: Date; name?: string }): Promise<Show>
  /** What cancelling a show would touch. Throws SHOW_NOT_FOUND. */
  previewCancellation(show: string): Promise<CancellationPreview>
  /** Its seats by state and by row, and its sales by hour and operator. Throws SHOW_NOT_FOUND. */
  reportOnShow(show: string): Promise<ShowReport>
  /** Cancels a show that has just so many sold or held bookings. Throws SHOW_NOT_FOUND, WRONG_STATE. */
  cancelShow(show: string, expectBookings: number): Promise<Show>
  /** Makes a token for HTTP; `text` is all of it, and kept nowhere. Throws INVALID_INPUT. */
  createToken(token: Pick<ApiToken, 'name' | 'role'>): Promise<{ token: ApiToken; text: string }>
  /** All tokens, the revoked ones too; never their secrets. */
  listTokens(): Promise<ApiToken[]>
  /** Revokes the token with this id for good. Throws INVALID_INPUT. */
  revokeToken(id: string): Promise<ApiToken>
  /** The token that this text is; undefined when it is unknown, wrong or revoked. */
  findToken(text: string): Promise<ApiToken | undefined>
  /** Has anything ever been booked here? False where there is no schema at all. */
  hasBookings(): Promise<boolean>
  /**
   * Creates or upgrades the schema; the names of the migrations that it ran. `grant` names a role
   * that is to do the work of a box office: all but deleting and changing the schema.
   *
   * Throws INVALID_INPUT for a role that does not exist; then nothing is migrated either.
   */
  migrate(options?: MigrateOptions): Promise<string[]>
  /** Takes back the latest batch of migrations; their names. */
  rollback(): Promise<string[]>
  /** Where the schema stands. */
  schemaStatus(): Promise<SchemaStatus>
  /** Closes the connections. Never throws. */
  close(): Promise<void>
}

/** Opens a box office. Connects to nothing before the first call. Throws INVALID_INPUT. */
export function openTickets(options: TicketsOptions = {}): Tickets {
  return new BoxOffice(options)
}

class BoxOffice implements Tickets {
  readonly #options: TicketsOptions
  readonly #db: Database
  readonly #queue: BookingQueue
  #isReady: Promise<void> | undefined

  constructor(options: TicketsOptions) {
    this.#options = options
    this.#db = connect(options)
    const { onBatch } = options
    this.#queue = new BookingQueue(
      (showId, requests, batch) =>
        bookSeats(this.#db, showId, requests, {
          ...batch,
          onLock: (lockWaitMs) => {
            batch.onLock?.(lockWaitMs)
            onBatch?.({ size: requests.length, lockWaitMs })
          },
        }),
      { ahead: (options.connections ?? 1) > 1 },
    )
  }

  get databaseName(): string {
    return this.#db.target.name
  }

  get connections() {
    const { pool } = this.#db.knex.client
    return { busy: pool.numUsed(), idle: pool.numFree(), waiting: pool.numPendingAcquires() }
  }

  createShow(show: NewShow): Promise<Show> {
    return this.#run((db) => createShow(db, show))
  }

  async *listShows(filter?: ShowFilter): AsyncGenerator<Show> {
    await this.#run(async () => {})
    yield* listShows(this.#db, filter)
  }

  findShow(show: string): Promise<Show> {
    return this.#run((db) => findShow(db, show))
  }

  viewShow(show: string): Promise<ShowDetails> {
    return this.#run((db) => viewShow(db, show))
  }

  async *watchShow(show: string, options?: WatchOptions): AsyncGenerator<ShowDetails> {
    const id = await this.#run((db) => showId(db, show))
    yield* watchShow(this.#db, id, options)
  }

  recentSales(show: string, minutes: number): Promise<number[]> {
    return this.#run(async (db) => recentSales(db, await showId(db, show), minutes))
  }

  book(show: string, request: BookingRequest, options?: BookingOptions): Promise<BookingOutcome> {
    return this.#run(async (db) => {
      const outcome = await this.#queue.book(await showId(db, show), request, options)
      const { failure } = outcome.booking
      if (failure !== null) throw refusalError(failure, outcome)
      return outcome
    })
  }

  preview(show: string, request: BookingRequest): Promise<number[]> {
    return this.#run(async (db) => previewSeats(db, await showId(db, show), request))
  }

  bookAllOrNothing(orders: readonly Order[]): Promise<AllOrNothing> {
    return this.#run((db) => bookAllOrNothing(db, orders))
  }

  rehearse(): (show: string, request: BookingRequest) => Promise<Rehearsed> {
    const rehearsal = new Rehearsal(this.#db)
    const queue = new BookingQueue((...batch) => rehearsal.bookSeats(batch[0], batch[1]))
    return (show, request) => this.#run(async (db) => queue.book(await showId(db, show), request))
  }

  findLostReceipts(receipts: readonly Receipt[]): Promise<Receipt[]> {
    return this.#run((db) => findLostReceipts(db, receipts))
  }

  async withThrowaway<T>(work: (throwaway: Tickets, schema: string) => Promise<T>): Promise<T> {
    const { withThrowawaySchema } = await import('./database/throwaway.js')
    // No signal: after an interruption, the schema must still be dropped.
    const { signal: _, ...lasting } = this.#options
    const db = connect({ ...lasting, connections: 2 })
    try {
      return await withThrowawaySchema(db, async (schema) => {
        const throwaway = new BoxOffice({ ...this.#options, schema })
        try {
          await throwaway.migrate()
          return await work(throwaway, schema)
        } finally {
          await throwaway.close()
        }
      })
    } finally {
      await db.close()
    }
  }

  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return this.#run(async (db) =>
      verifyShows(db, { ...options, show: await optionalShowId(db, options.show) }),
    )
  }

  repair(options: RepairOptions = {}): Promise<string[]> {
    return this.#run(async (db) =>
      repairBookings(db, { ...options, show: await optionalShowId(db, options.show) }),
    )
  }

  findBooking(booking: string): Promise<ListedBooking> {
    return this.#run((db) => viewBooking(db, booking))
  }

  suggestBookings(prefix: string, statuses?: readonly BookingStatus[]): Promise<ListedBooking[]> {
    return this.#run((db) => suggestBookings(db, prefix, statuses))
  }

  async *listBookings(filter: BookingFilter = {}): AsyncGenerator<ListedBooking> {
    const show = await this.#run((db) => optionalShowId(db, filter.show))
    yield* listBookings(this.#db, { ...filter, ...(show !== undefined && { show }) })
  }

  confirmBooking(booking: string, options?: ConfirmOptions): Promise<Confirmed> {
    return this.#run((db) => confirmBooking(db, booking, options))
  }

  cancelBooking(booking: string, options?: CancelOptions): Promise<BookingOutcome> {
    return this.#run((db) => cancelBooking(db, booking, options))
  }

  moveBooking(booking: string, options: MoveOptions): Promise<BookingOutcome> {
    return this.#run(async (db) => {
      const toShow = await optionalShowId(db, options.toShow)
      return moveBooking(db, booking, { ...options, toShow })
    })
  }

  checkIn(booking: string, options: CheckInOptions = {}): Promise<CheckIn> {
    return this.#run(async (db) => {
      const show = await optionalShowId(db, options.show)
      return checkIn(db, booking, { ...options, ...(show !== undefined && { show }) })
    })
  }

  async *listHistory(of: HistoryOf): AsyncGenerator<HistoryEvent> {
    yield* listHistory(this.#db, await this.#run((db) => wholeIds(db, of)))
  }

  editShow(show: string, edit: ShowEdit): Promise<Show> {
    return this.#run(async (db) => editShow(db, await showId(db, show), edit))
  }

  copyShow(show: string, copy: { startTime: Date; name?: string }): Promise<Show> {
    return this.#run(async (db) => copyShow(db, await showId(db, show), copy))
  }

  previewCancellation(show: string): Promise<CancellationPreview> {
    return this.#run(async (db) => previewCancellation(db, (await findShow(db, show)).id))
  }

  reportOnShow(show: string): Promise<ShowReport> {
    return this.#run((db) => reportOnShow(db, show))
  }

  cancelShow(show: string, expectBookings: number): Promise<Show> {
    return this.#run(async (db) => cancelShow(db, await showId(db, show), expectBookings))
  }

  createToken(token: Pick<ApiToken, 'name' | 'role'>): Promise<{ token: ApiToken; text: string }> {
    return this.#run((db) => createToken(db, token))
  }

  listTokens(): Promise<ApiToken[]> {
    return this.#run((db) => listTokens(db))
  }

  revokeToken(id: string): Promise<ApiToken> {
    return this.#run((db) => revokeToken(db, id))
  }

  findToken(text: string): Promise<ApiToken | undefined> {
    return this.#run((db) => findToken(db, text))
  }

  hasBookings(): Promise<boolean> {
    return withRetry(this.#db, () => hasBookings(this.#db.knex))
  }

  migrate(options?: MigrateOptions): Promise<string[]> {
    return withRetry(this.#db, () => migrate(this.#db.knex, options))
  }

  rollback(): Promise<string[]> {
    return withRetry(this.#db, () => rollback(this.#db.knex))
  }

  schemaStatus(): Promise<SchemaStatus> {
    return withRetry(this.#db, () => schemaStatus(this.#db.knex))
  }

  close(): Promise<void> {
    return this.#db.close()
  }

  /** Every call waits for the schema once, and then does its own waiting where it is safe. */
  async #run<T>(work: (db: Database) => Promise<T>): Promise<T> {
    const { onRetry = () => {} } = this.#options
    this.#isReady ??= withRetry(this.#db, () => requireSchema(this.#db), { onRetry }).catch(
      (error) => {
        // The next call looks again: a server may have come up, or been migrated.
        this.#isReady = undefined
        throw error
      },
    )
    await this.#isReady
    return work(this.#db)
  }
}

const FULL_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A whole id is taken at its word: whether the show exists is found out when it is used. */
async function showId(db: Database, show: string): Promise<string> {
  // In lower case, as the database writes it: ids are compared.
  return FULL_ID.test(show) ? show.toLowerCase() : (await findShow(db, show)).id
}

async function optionalShowId(db: Database, show: string | undefined): Promise<string | undefined> {
  return show === undefined ? undefined : showId(db, show)
}

async function wholeIds(db: Database, of: HistoryOf): Promise<HistoryOf> {
  if ('booking' in of) return { booking: (await viewBooking(db, of.booking)).id }
  return { ...of, show: (await findShow(db, of.show)).id }
}
