import type { Knex } from 'knex'
import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { change } from '../database/transaction.js'
import type { SeatLayout } from '../house/seats.js'
import { TicketsError } from '../shared/errors.js'
import { LAYOUT_COLUMNS, type LayoutRow, layoutOf, withPlans } from '../shows/plans.js'
import { showNotFound } from '../shows/shows.js'
import { type Attempt, attemptOf, toNextStage } from './attempt.js'
import { insertAttempts } from './book-seats.js'
import { type BookingOutcome, type BookingRequest, refusalError } from './booking.js'
import { bookingsInDoubt, settleUnderLock } from './settle.js'

/** A request and the id of its show. */
export interface ShowRequest {
  showId: string
  request: BookingRequest
}

/** The result: the bookings if all requests were booked, or the refusals if none was. */
export type AllOrNothing =
  | { booked: BookingOutcome[] }
  | { refused: ReadonlyMap<number, TicketsError> }

/**
 * Books all requests, in the order given, or none: the protocol of `bookSeats` for all shows in one
 * transaction, which locks them in the order of their ids. The transaction includes the records of
 * step 1, so a refusal leaves no booking, no FAILED record and no used key.
 *
 * Returns the outcomes, or the refusals by the index of their request. Throws BUSY, IN_DOUBT,
 * INTERRUPTED and the database's own errors.
 */
export async function bookAllOrNothing(
  db: Database,
  requests: readonly ShowRequest[],
): Promise<AllOrNothing> {
  const layouts = await readLayouts(db, requests)
  const validated = requests.map(({ showId, request }) => {
    const layout = layouts.get(showId)
    return layout === undefined ? showNotFound(showId) : attemptOf(request, { showId, layout })
  })
  const invalid = new Map(
    [...validated.entries()].filter((entry): entry is [number, TicketsError] => isError(entry[1])),
  )
  if (invalid.size > 0) return { refused: invalid }
  const valid = validated as Attempt[]
  const attempts: Attempt[] = []
  try {
    const booked = await change(
      db,
      (trx) => settleAll(trx, { requests, valid, attempts, waitMs: db.waitMs }),
      (cause) => bookingsInDoubt(attempts, cause),
      { isEager: true, isLong: true },
    )
    return { booked }
  } catch (error) {
    if (error instanceof RolledBack) return { refused: error.refusals }
    throw error
  }
}

/** How many requests one statement handles; all batches share one transaction. */
const BATCH = 1000

/** Thrown to roll the transaction back. */
class RolledBack extends Error {
  override readonly name = 'RolledBack'
  constructor(readonly refusals: ReadonlyMap<number, TicketsError>) {
    super('Rolled back: not every request could be booked.')
  }
}

interface Settling {
  requests: readonly ShowRequest[]
  /** The same requests, validated. */
  valid: readonly Attempt[]
  /** Receives the attempt of each request when it is recorded. */
  attempts: Attempt[]
  waitMs: number
}

async function settleAll(
  trx: Knex.Transaction,
  { requests, valid, attempts, waitMs }: Settling,
): Promise<BookingOutcome[]> {
  const lanes = byShow(requests)
  await lockShows(trx, [...lanes.keys()])
  const settled: (BookingOutcome | Error)[] = []
  for (const [showId, indexes] of lanes) {
    for (let from = 0; from < indexes.length; from += BATCH) {
      const batch = indexes.slice(from, from + BATCH)
      const records = batch.map((index) => valid[index]!)
      const recorded = await insertAttempts(trx, showId, records, { waitMs })
      for (const [i, index] of batch.entries()) {
        const attempt = recorded[i]!
        if (!(attempt instanceof Error)) attempts[index] = attempt
      }
      const results = await toNextStage(recorded, (open) => settleUnderLock(trx, showId, open))
      for (const [i, index] of batch.entries()) settled[index] = results[i]!
    }
  }
  const refusals = new Map(
    [...settled.entries()].flatMap(([index, one]) => {
      const error = refusalOf(one)
      return error === undefined ? [] : [[index, error] as const]
    }),
  )
  if (refusals.size > 0) throw new RolledBack(refusals)
  return settled as BookingOutcome[]
}

function byShow(requests: readonly ShowRequest[]): Map<string, number[]> {
  const lanes = new Map<string, number[]>()
  for (const [index, { showId }] of requests.entries()) {
    const lane = lanes.get(showId)
    if (lane) lane.push(index)
    else lanes.set(showId, [index])
  }
  return lanes
}

/** Locks the shows in the order of their ids, so that two such transactions cannot deadlock. */
async function lockShows(trx: Knex.Transaction, ids: string[]): Promise<void> {
  await query(trx, 'select id from shows where id = any(?::uuid[]) order by id for update', [ids])
}

function refusalOf(settled: BookingOutcome | Error): TicketsError | undefined {
  if (settled instanceof Error) return isError(settled) ? settled : undefined
  const { failure } = settled.booking
  return failure ? refusalError(failure) : undefined
}

function isError(value: unknown): value is TicketsError {
  return value instanceof TicketsError
}

async function readLayouts(
  db: Database,
  requests: readonly ShowRequest[],
): Promise<Map<string, SeatLayout>> {
  const ids = [...new Set(requests.map(({ showId }) => showId))]
  const shows = await withRetry(db, async () =>
    withPlans(
      db.knex,
      await query<LayoutRow & { id: string }>(
        db.knex,
        `select id, ${LAYOUT_COLUMNS} from shows where id = any(?::uuid[])`,
        [ids],
      ),
    ),
  )
  return new Map(shows.map((show) => [show.id, layoutOf(show)]))
}
