import { findUnkept, type ReportedBooking } from '../audit/answers.js'
import type { BookingStatus } from '../booking/booking.js'
import { type ListedBooking, suggestBookings } from '../booking/list-bookings.js'
import type { RowCounts } from '../database/backup/format.js'
import { withDeadline, withRetry } from '../database/retry.js'
import { hasData } from '../database/schema/migrate.js'
import { change, changeInDoubt } from '../database/transaction.js'
import type { Tickets } from './api.js'
import { openDatabase, openShared, ticketsOf, whenReady } from './client.js'
import type { ClientOptions } from './target.js'

/**
 * The interface for the program's commands: the library's methods, and those that only commands
 * need.
 */
export interface Client extends Tickets {
  /** The names of given connection parameters that have no effect here. */
  readonly ignoredSettings: readonly string[]
  /** The latest bookings whose reference begins with `prefix`, for completion. */
  suggestBookings(prefix: string, statuses?: readonly BookingStatus[]): Promise<ListedBooking[]>
  /**
   * Returns the confirmed bookings of a show that are missing from the database, or differ there.
   */
  findLostBookings(
    showId: string,
    confirmed: readonly ConfirmedAnswer[],
  ): Promise<ConfirmedAnswer[]>
  /**
   * Runs `work` with a client for a new, migrated schema in the same database, and always drops the
   * schema afterwards. `schema` is its name, for other processes.
   *
   * Throws DB_AUTH if the login may not create schemas, and what `work` throws.
   */
  withThrowaway<T>(work: (throwaway: Client, schema: string) => Promise<T>): Promise<T>
  /** Whether there is a show or a token that a rollback would drop. False if there is no schema. */
  hasData(): Promise<boolean>
  /**
   * Passes a packed backup to `consume`. Returns the number of rows in each table. `program` is the
   * version of this program. Throws NOT_MIGRATED, SCHEMA_TOO_NEW, and what `consume` throws.
   */
  backUp(program: string, consume: Consume): Promise<RowCounts>
  /**
   * Fills an empty database from a packed backup: whole, or not at all. Throws WRONG_STATE,
   * INVALID_INPUT for a backup that is not whole, SCHEMA_TOO_NEW, and what `migrate` throws.
   */
  restore(packed: AsyncIterable<Uint8Array>): Promise<RowCounts>
  /**
   * Moves the sequences of ids that are behind their tables; with `dryRun`, only looks for them.
   * Returns the names of the tables.
   */
  repairSequences(options?: { dryRun?: boolean }): Promise<string[]>
}

/** A booking as the response to its client confirmed it. */
export type ConfirmedAnswer = Pick<ReportedBooking, 'id' | 'seats'>

/** Takes the bytes of a packed backup. */
export type Consume = (packed: AsyncIterable<Uint8Array>) => Promise<unknown>

/** Opens the database for a command. Connects only with the first call; see `openTickets`. */
export function openClient(options: ClientOptions): Client {
  const opened = openShared(options)
  const db = options.hasOneDeadline ? withDeadline(opened.db) : opened.db
  const shared = { ...opened, db }
  const own: Omit<Client, keyof Tickets> = {
    ignoredSettings: db.target.withoutEffect ?? [],
    suggestBookings: (prefix, statuses) =>
      whenReady(shared, (db) => suggestBookings(db, prefix, statuses)),
    async findLostBookings(showId, confirmed) {
      const reported = confirmed.map((one) => ({ ...one, showId, status: 'CONFIRMED' as const }))
      const unkept = await whenReady(shared, (db) => findUnkept(db, reported))
      return unkept.map(({ reported }) => reported)
    },
    withThrowaway: (work) => withThrowaway(options, work),
    hasData: () => withRetry(db, () => hasData(db.knex)),
    async backUp(program, consume) {
      const { backUp } = await import('../database/backup/back-up.js')
      const { pack } = await import('../database/backup/format.js')
      return backUp(db, program, (chunks) => pack(chunks, consume))
    },
    async restore(packed) {
      const { restore } = await import('../database/backup/restore.js')
      const { unpack } = await import('../database/backup/format.js')
      return unpack(packed, (chunks) => restore(db, chunks))
    },
    async repairSequences({ dryRun = false } = {}) {
      const { advanceSequences, findLateSequences } = await import(
        '../database/schema/sequences.js'
      )
      return whenReady(shared, async (db) => {
        if (!dryRun) return change(db, advanceSequences, changeInDoubt('tickets verify'))
        const late = await withRetry(db, () => findLateSequences(db.knex))
        return late.map(({ table }) => table)
      })
    },
  }
  // Assigned to the methods of the library, because a copy would evaluate their getters once.
  return Object.assign(ticketsOf(shared), own)
}

async function withThrowaway<T>(
  options: ClientOptions,
  work: (throwaway: Client, schema: string) => Promise<T>,
): Promise<T> {
  const { withThrowawaySchema } = await import('../database/schema/throwaway.js')
  // Without the signal, because the schema must be dropped even after an interruption.
  const { signal: _, ...lasting } = options
  const db = openDatabase({ ...lasting, connections: 2 })
  try {
    return await withThrowawaySchema(db, async (schema) => {
      const throwaway = openClient({ ...options, schema })
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
