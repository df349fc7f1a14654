import { type ApiToken, createToken, findToken, listTokens, revokeToken } from '../access/tokens.js'
import { type HistoryEvent, type HistoryOf, listHistory } from '../audit/history.js'
import { type VerifyOptions, type VerifyReport, verifyShows } from '../audit/verify.js'
import { type RepairOptions, repairBookings } from '../booking/abandoned.js'
import { type AllOrNothing, bookAllOrNothing, type Order } from '../booking/all-or-nothing.js'
import { bookSeats, refusalError } from '../booking/book-seats.js'
import type { BookingOutcome, BookingRequest } from '../booking/booking.js'
import { DryRun as BatchDryRun } from '../booking/dry-run.js'
import { GroupCommit } from '../booking/group-commit.js'
import { type Cancelled, type CancelOptions, cancelBooking } from '../booking/lifecycle/cancel.js'
import { type CheckIn, type CheckInOptions, checkIn } from '../booking/lifecycle/check-in.js'
import {
  type Confirmed,
  type ConfirmOptions,
  confirmBooking,
} from '../booking/lifecycle/confirm.js'
import { type MoveOptions, moveBooking } from '../booking/lifecycle/move.js'
import {
  type BookingFilter,
  type ListedBooking,
  listBookings,
  viewBooking,
} from '../booking/list-bookings.js'
import { type BookingSearch, searchBookings } from '../booking/search-bookings.js'
import type { Database } from '../database/knex-pool.js'
import { listenerConnections } from '../database/listener.js'
import { withDeadline, withRetry } from '../database/retry.js'
import {
  type MigrateOptions,
  migrate,
  requireReady,
  requireSchema,
  rollback,
  type SchemaStatus,
  schemaStatus,
} from '../database/schema/migrate.js'
import { inTheNameOf } from '../database/transaction.js'
import {
  type CancellationPreview,
  cancelShow,
  copyShow,
  editShow,
  previewCancellation,
  type ShowEdit,
} from '../shows/edit-show.js'
import { type FindOptions, findShow, findShows } from '../shows/find-shows.js'
import { recentSales } from '../shows/recent-sales.js'
import { reportOnShow, type ShowReport } from '../shows/show-report.js'
import {
  createShow,
  listShows,
  type NewShow,
  type Show,
  type ShowDetails,
  type ShowFilter,
  viewShow,
} from '../shows/shows.js'
import { type WatchOptions, watchShow } from '../shows/watch-show.js'
import type { BookOptions, DryRun, Tickets, TicketsOptions } from './api.js'
import { type OpenOptions, openFromOptions } from './open-from-options.js'
import { historyIdsOf, optionalShowIdOf, showIdOf } from './resolve-ids.js'

/**
 * Opens a box office. Connects only with the first call. Throws INVALID_INPUT, and DB_MISSING for a
 * `.env` file that cannot be trusted or read.
 *
 * @example
 * const tickets = openTickets({ database: 'postgres://me@localhost:5432/tickets' })
 */
export function openTickets(options: TicketsOptions = {}): Tickets {
  return new TicketsClient(openShared(options))
}

/** Long enough to replace a lost connection, and shorter than most probes wait. */
const CHECK_MS = 1000

/** The methods for users of the library. */
export class TicketsClient implements Tickets {
  protected readonly shared: Shared
  protected readonly db: Database

  constructor(shared: Shared) {
    this.shared = shared
    this.db = shared.db
  }

  get databaseName(): string {
    return this.db.target.name
  }

  get databaseSource(): string {
    return this.db.target.source
  }

  get connections() {
    const { pool } = this.db.knex.client
    return {
      busy: pool.numUsed(),
      idle: pool.numFree(),
      waiting: pool.numPendingAcquires(),
      listening: listenerConnections(this.db),
    }
  }

  createShow(show: NewShow): Promise<Show> {
    return this.run((db) => createShow(db, show))
  }

  async *listShows(filter: ShowFilter = {}): AsyncGenerator<Show> {
    const after = await this.run((db) => optionalShowIdOf(db, filter.after))
    yield* listShows(this.db, { ...filter, after })
  }

  findShow(show: string, options?: FindOptions): Promise<Show> {
    return this.run((db) => findShow(db, show, options))
  }

  findShows(show: string, options?: FindOptions): Promise<Show[]> {
    return this.run((db) => findShows(db, show, options))
  }

  viewShow(show: string): Promise<ShowDetails> {
    return this.run(async (db) => viewShow(db, await showIdOf(db, show)))
  }

  async *watchShow(show: string, options?: WatchOptions): AsyncGenerator<ShowDetails> {
    const id = await this.run((db) => showIdOf(db, show))
    yield* watchShow(this.db, id, options)
  }

  recentSales(show: string, minutes: number): Promise<number[]> {
    return this.run(async (db) => recentSales(db, await showIdOf(db, show), minutes))
  }

  async book(
    show: string,
    request: BookingRequest,
    options?: BookOptions,
  ): Promise<BookingOutcome> {
    // Does what `run` does with two promises fewer, because a file calls this once per line.
    const db = withDeadline(this.db)
    await this.shared.requireReady(db)
    const { operator, deadline } = db
    const isNamed = operator === undefined || request.operator !== undefined
    const named = isNamed ? request : { ...request, operator }
    const outcome = await this.shared.groupCommit.book(await showIdOf(db, show), named, {
      ...options,
      deadline,
    })
    const { failure } = outcome.booking
    if (failure !== null) throw refusalError(failure, outcome)
    return outcome
  }

  async preview(show: string, request: BookingRequest): Promise<number[]> {
    const { seats } = await this.startDryRun().book(show, request)
    return [...seats]
  }

  bookAllOrNothing(orders: readonly Order[]): Promise<AllOrNothing> {
    return this.run((db) => bookAllOrNothing(db, orders))
  }

  startDryRun(): DryRun {
    const dryRun = new BatchDryRun(this.db)
    const groupCommit = new GroupCommit((...batch) => dryRun.bookSeats(batch[0], batch[1]))
    return {
      book: (show, request) =>
        this.run(async (db) => groupCommit.book(await showIdOf(db, show), request)),
    }
  }

  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return this.run(async (db) =>
      verifyShows(db, { ...options, show: await optionalShowIdOf(db, options.show) }),
    )
  }

  repair(options: RepairOptions = {}): Promise<string[]> {
    return this.run(async (db) =>
      repairBookings(db, { ...options, show: await optionalShowIdOf(db, options.show) }),
    )
  }

  findBooking(booking: string): Promise<ListedBooking> {
    return this.run((db) => viewBooking(db, booking))
  }

  searchBookings(text: string, search?: BookingSearch): Promise<ListedBooking[]> {
    return this.run(async (db) => {
      const show = await optionalShowIdOf(db, search?.show)
      return searchBookings(db, text, { ...search, show })
    })
  }

  async *listBookings(filter: BookingFilter = {}): AsyncGenerator<ListedBooking> {
    const show = await this.run((db) => optionalShowIdOf(db, filter.show))
    yield* listBookings(this.db, { ...filter, show })
  }

  confirmBooking(booking: string, options?: ConfirmOptions): Promise<Confirmed> {
    return this.run((db) => confirmBooking(db, booking, options))
  }

  cancelBooking(booking: string, options?: CancelOptions): Promise<Cancelled> {
    return this.run((db) => cancelBooking(db, booking, options))
  }

  moveBooking(booking: string, options: MoveOptions): Promise<BookingOutcome> {
    return this.run(async (db) => {
      const toShow = await optionalShowIdOf(db, options.toShow)
      return moveBooking(db, booking, { ...options, toShow })
    })
  }

  checkIn(booking: string, options: CheckInOptions = {}): Promise<CheckIn> {
    return this.run(async (db) => {
      const show = await optionalShowIdOf(db, options.show)
      return checkIn(db, booking, { ...options, show })
    })
  }

  async *listHistory(of: HistoryOf): AsyncGenerator<HistoryEvent> {
    yield* listHistory(this.db, await this.run((db) => historyIdsOf(db, of)))
  }

  editShow(show: string, edit: ShowEdit): Promise<Show> {
    return this.run(async (db) => editShow(db, await showIdOf(db, show), edit))
  }

  copyShow(show: string, copy: { startTime: Date; name?: string | undefined }): Promise<Show> {
    return this.run(async (db) => copyShow(db, await showIdOf(db, show), copy))
  }

  previewCancellation(show: string): Promise<CancellationPreview> {
    return this.run(async (db) => previewCancellation(db, (await findShow(db, show)).id))
  }

  reportOnShow(show: string): Promise<ShowReport> {
    return this.run((db) => reportOnShow(db, show))
  }

  cancelShow(show: string, expectBookings: number): Promise<Show> {
    return this.run(async (db) => cancelShow(db, await showIdOf(db, show), expectBookings))
  }

  createToken(token: Pick<ApiToken, 'name' | 'role'>): Promise<{ token: ApiToken; text: string }> {
    return this.run((db) => createToken(db, token))
  }

  listTokens(): Promise<ApiToken[]> {
    return this.run((db) => listTokens(db))
  }

  revokeToken(id: string): Promise<ApiToken> {
    return this.run((db) => revokeToken(db, id))
  }

  findToken(text: string): Promise<ApiToken | undefined> {
    return this.run((db) => findToken(db, text))
  }

  migrate(options?: MigrateOptions): Promise<string[]> {
    return migrate(withDeadline(this.db), options)
  }

  rollback(): Promise<string[]> {
    return rollback(withDeadline(this.db))
  }

  checkReady(): Promise<void> {
    return withRetry(this.db, () => requireReady(this.db), { waitMs: CHECK_MS })
  }

  schemaStatus(): Promise<SchemaStatus> {
    return withRetry(this.db, () => schemaStatus(this.db.knex))
  }

  as(operator: string): Tickets {
    return new TicketsClient(forOperator(operator, this.shared))
  }

  close(): Promise<void> {
    return this.db.close()
  }

  /** The first call checks the schema. One deadline holds for all that the call does. */
  protected async run<T>(work: (db: Database) => Promise<T>): Promise<T> {
    const db = withDeadline(this.db)
    await this.shared.requireReady(db)
    return work(db)
  }
}

/** What the clients of one database share, even for different operators. */
export interface Shared {
  db: Database
  groupCommit: GroupCommit
  /** Throws if the schema is missing or has another version; checks until it has succeeded once. */
  requireReady(db: Database): Promise<void>
}

/** Called when a batch of bookings has locked its show, with its size and the wait for the lock. */
export type OnBatch = (batch: { size: number; lockWaitMs: number }) => void

export function openShared(options: OpenOptions, onBatch?: OnBatch): Shared {
  const db = openFromOptions(options)
  const { onRetry = () => {}, connections = 1 } = options
  return {
    db,
    groupCommit: openGroupCommit(db, connections, onBatch),
    requireReady: untilDone((caller) => requireSchema(caller, { onRetry })),
  }
}

export function forOperator(operator: string, shared: Shared): Shared {
  return { ...shared, db: inTheNameOf(operator, shared.db) }
}

function openGroupCommit(db: Database, connections: number, onBatch?: OnBatch): GroupCommit {
  return new GroupCommit(
    (showId, requests, batch) =>
      bookSeats(withDeadline(db, batch.deadline), showId, requests, {
        ...batch,
        onLock: (lockWaitMs) => {
          batch.onLock?.(lockWaitMs)
          onBatch?.({ size: requests.length, lockWaitMs })
        },
      }),
    { ahead: connections > 1 },
  )
}

/** Runs `work` once for all callers. After a failure, the next caller runs it again. */
function untilDone(work: (db: Database) => Promise<void>): (db: Database) => Promise<void> {
  let done: Promise<void> | undefined
  return (db) => {
    done ??= work(db).catch((error) => {
      done = undefined
      throw error
    })
    return done
  }
}
