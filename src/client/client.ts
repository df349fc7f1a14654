import { createToken, findToken, listTokens, revokeToken } from '../access/tokens.js'
import { type HistoryOf, listHistory } from '../audit/history.js'
import { verifyShows } from '../audit/verify.js'
import { repairBookings } from '../booking/abandoned.js'
import { bookAllOrNothing } from '../booking/all-or-nothing.js'
import { bookSeats } from '../booking/book-seats.js'
import { refusalError } from '../booking/booking.js'
import { BatchDryRun } from '../booking/dry-run.js'
import { GroupCommit } from '../booking/group-commit.js'
import { cancelBooking } from '../booking/lifecycle/cancel.js'
import { checkIn } from '../booking/lifecycle/check-in.js'
import { confirmBooking } from '../booking/lifecycle/confirm.js'
import { moveBooking } from '../booking/lifecycle/move.js'
import { listBookings, viewBooking } from '../booking/list-bookings.js'
import { searchBookings } from '../booking/search-bookings.js'
import { type RetryCause, retryCause } from '../database/failures.js'
import { type Database, openKnexPool } from '../database/knex-pool.js'
import { listenerConnections } from '../database/listener.js'
import { withDeadline, withRetry } from '../database/retry.js'
import {
  ensureSchema,
  migrate,
  requireReady,
  rollback,
  schemaStatus,
} from '../database/schema/migrate.js'
import { inTheNameOf } from '../database/transaction.js'
import { isId } from '../shared/ids.js'
import { cancelShow, copyShow, editShow, previewCancellation } from '../shows/edit-show.js'
import { findShow, findShows } from '../shows/find-shows.js'
import { recentSales } from '../shows/recent-sales.js'
import { reportOnShow } from '../shows/show-report.js'
import { createShow, listShows, viewShow } from '../shows/shows.js'
import { watchShow } from '../shows/watch-show.js'
import type { DryRun, Tickets, TicketsOptions } from './api.js'
import { type ClientOptions, schemaOf, targetOf } from './target.js'

/**
 * Opens a box office. Connects only with the first call. Throws INVALID_INPUT, and DB_MISSING for a
 * `.env` file that cannot be trusted or read.
 *
 * @example
 * const tickets = openTickets({ database: 'postgres://me@localhost:5432/tickets' })
 */
export function openTickets(options: TicketsOptions = {}): Tickets {
  return ticketsOf(openShared(options))
}

/** Long enough to replace a lost connection, and shorter than most probes wait. */
const CHECK_MS = 1000

/** The methods for users of the library. */
export function ticketsOf(shared: Shared): Tickets {
  const { db, groupCommit } = shared
  const run = <T>(work: (db: Database) => Promise<T>) => whenReady(shared, work)
  const startDryRun = (): DryRun => {
    const dryRun = new BatchDryRun(db)
    const queues = new GroupCommit((showId, requests) => dryRun.bookSeats(showId, requests))
    return {
      book: (show, request) => run(async (db) => queues.book(await showIdOf(db, show), request)),
    }
  }
  return {
    databaseName: db.target.name,
    databaseSource: db.target.source,
    get connections() {
      const { pool } = db.knex.client
      return {
        busy: pool.numUsed(),
        idle: pool.numFree(),
        waiting: pool.numPendingAcquires(),
        listening: listenerConnections(db),
      }
    },
    createShow: (show) => run((db) => createShow(db, show)),
    async *listShows(filter = {}) {
      const after = await run((db) => optionalShowIdOf(db, filter.after))
      yield* listShows(db, { ...filter, after })
    },
    findShow: (show, options) => run((db) => findShow(db, show, options)),
    findShows: (show, options) => run((db) => findShows(db, show, options)),
    viewShow: (show) => run(async (db) => viewShow(db, await showIdOf(db, show))),
    async *watchShow(show, options) {
      const id = await run((db) => showIdOf(db, show))
      yield* watchShow(db, id, options)
    },
    recentSales: (show, minutes) =>
      run(async (db) => recentSales(db, await showIdOf(db, show), minutes)),
    async book(show, request, options) {
      // Does what `run` does with two promises fewer, because a file calls this once per line.
      const own = withDeadline(db)
      await shared.ensureSchema(own)
      const { operator, deadline } = own
      const isComplete = operator === undefined || request.operator !== undefined
      const withOperator = isComplete ? request : { ...request, operator }
      const id = await showIdOf(own, show)
      const outcome = await groupCommit.book(id, withOperator, { ...options, deadline })
      const { failure } = outcome.booking
      if (failure !== null) throw refusalError(failure, outcome)
      return outcome
    },
    preview: async (show, request) => [...(await startDryRun().book(show, request)).seats],
    bookAllOrNothing: (requests) => run((db) => bookAllOrNothing(db, requests)),
    startDryRun,
    verify: (options = {}) =>
      run(async (db) =>
        verifyShows(db, { ...options, show: await optionalShowIdOf(db, options.show) }),
      ),
    repair: (options = {}) =>
      run(async (db) =>
        repairBookings(db, { ...options, show: await optionalShowIdOf(db, options.show) }),
      ),
    findBooking: (booking) => run((db) => viewBooking(db, booking)),
    searchBookings: (text, search = {}) =>
      run(async (db) =>
        searchBookings(db, text, { ...search, show: await optionalShowIdOf(db, search.show) }),
      ),
    async *listBookings(filter = {}) {
      const show = await run((db) => optionalShowIdOf(db, filter.show))
      yield* listBookings(db, { ...filter, show })
    },
    confirmBooking: (booking, options) => run((db) => confirmBooking(db, booking, options)),
    cancelBooking: (booking, options) => run((db) => cancelBooking(db, booking, options)),
    moveBooking: (booking, options) =>
      run(async (db) => {
        const toShow = await optionalShowIdOf(db, options.toShow)
        return moveBooking(db, booking, { ...options, toShow })
      }),
    checkIn: (booking, options = {}) =>
      run(async (db) =>
        checkIn(db, booking, { ...options, show: await optionalShowIdOf(db, options.show) }),
      ),
    async *listHistory(of) {
      yield* listHistory(db, await run((db) => historyIdsOf(db, of)))
    },
    editShow: (show, edit) => run(async (db) => editShow(db, await showIdOf(db, show), edit)),
    copyShow: (show, copy) => run(async (db) => copyShow(db, await showIdOf(db, show), copy)),
    previewCancellation: (show) =>
      run(async (db) => previewCancellation(db, (await findShow(db, show)).id)),
    reportOnShow: (show) => run((db) => reportOnShow(db, show)),
    cancelShow: (show, expectBookings) =>
      run(async (db) => cancelShow(db, await showIdOf(db, show), expectBookings)),
    createToken: (token) => run((db) => createToken(db, token)),
    listTokens: () => run(listTokens),
    revokeToken: (id) => run((db) => revokeToken(db, id)),
    findToken: (text) => run((db) => findToken(db, text)),
    migrate: (options) => migrate(withDeadline(db), options),
    rollback: () => rollback(withDeadline(db)),
    checkReady: () => withRetry(db, () => requireReady(db), { waitMs: CHECK_MS }),
    schemaStatus: () => withRetry(db, () => schemaStatus(db.knex)),
    as: (operator) => ticketsOf({ ...shared, db: inTheNameOf(operator, db) }),
    close: () => db.close(),
  }
}

/** What the clients of one database share, even for different operators. */
export interface Shared {
  db: Database
  groupCommit: GroupCommit
  /** `ensureSchema` of the database, which is called until it has succeeded once. */
  ensureSchema(db: Database): Promise<void>
}

export function openShared(options: ClientOptions): Shared {
  const db = openDatabase(options)
  const { connections = 1, onBatch, onRetry = () => {} } = options
  const groupCommit = new GroupCommit(
    (showId, requests, batch) =>
      bookSeats(withDeadline(db, batch.deadline), showId, requests, {
        ...batch,
        onLock: (lockWaitMs) => {
          batch.onLock?.(lockWaitMs)
          onBatch?.({ size: requests.length, lockWaitMs })
        },
      }),
    { isAhead: connections > 1 },
  )
  return {
    db,
    groupCommit,
    ensureSchema: untilDone((caller) => ensureSchema(caller, { onRetry })),
  }
}

/** Opens the database that the options and the environment choose; does not connect yet. */
export function openDatabase(options: ClientOptions): Database {
  const { waitMs = 30_000, connections = 1 } = options
  const db = openKnexPool(targetOf(options), {
    ...options,
    schema: schemaOf(options),
    waitMs,
    awaitsServer: options.awaitsServer ?? options.waitMs !== undefined,
    poolSize: connections,
  })
  if (options.onRetry) reportFailedStatements(db, options.onRetry)
  return db
}

/** Reports each statement that fails for a cause that makes the program retry its transaction. */
function reportFailedStatements(db: Database, onRetry: (cause: RetryCause) => void): void {
  db.knex.on('query-error', (error) => {
    const cause = retryCause(error)
    if (cause !== undefined) onRetry(cause)
  })
}

/** Calls `work`. The first call checks the schema. One deadline holds for all that the call does. */
export async function whenReady<T>(shared: Shared, work: (db: Database) => Promise<T>): Promise<T> {
  const own = withDeadline(shared.db)
  await shared.ensureSchema(own)
  return work(own)
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

/**
 * Resolves a show's name, or a part of its id, to the whole id; see `findShow`. Accepts a whole id
 * without checking that the show exists; the operation that uses it does. Throws SHOW_NOT_FOUND,
 * AMBIGUOUS_ID.
 */
async function showIdOf(db: Database, show: string): Promise<string> {
  // In lower case, as the database writes ids, because they are compared as texts.
  return isId(show) ? show.toLowerCase() : (await findShow(db, show)).id
}

/** Like `showIdOf`; undefined if no show is named. */
async function optionalShowIdOf(
  db: Database,
  show: string | undefined,
): Promise<string | undefined> {
  return show === undefined ? undefined : showIdOf(db, show)
}

/** Resolves the ids of a history's show or booking, which must exist. */
async function historyIdsOf(db: Database, of: HistoryOf): Promise<HistoryOf> {
  if ('booking' in of) return { booking: (await viewBooking(db, of.booking)).id }
  return { ...of, show: (await findShow(db, of.show)).id }
}
