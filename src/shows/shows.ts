import type { Knex } from 'knex'
import { v4 as randomId } from 'uuid'
import type { Database } from '../database/knex-pool.js'
import { inPages } from '../database/pages.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { change, changeInDoubt } from '../database/transaction.js'
import { SeatSet } from '../house/seat-set.js'
import { MAX_SEATS, type SeatLayout } from '../house/seats.js'
import { checkSeatsPerRow } from '../house/show-size.js'
import { invalidInput, TicketsError } from '../shared/errors.js'
import { quote } from '../shared/quote.js'
import { checkText } from '../shared/text-input.js'
import {
  LAYOUT_COLUMNS,
  type LayoutRow,
  layoutOf,
  type NewPlan,
  parsePlan,
  storePlan,
  type WithPlan,
  withPlans,
} from './plans.js'
import { selectFirstWithWords } from './show-words.js'
import { selectIdsWithWords } from './word-search.js'

/**
 * A show as every user may see it. It has the number of seats, not the seats; see `ShowDetails`.
 */
export interface Show extends SeatLayout {
  id: string
  name: string
  /** The id of its plan; null if its house has none. */
  planId: string | null
  startTime: Date
  /** IANA name; the zone of the show's local times. */
  timeZone: string
  /** Whether the start is in the past, by the database's clock. */
  hasStarted: boolean
  confirmedSeats: number
  /** The number of seats of holds that have not expired. */
  heldSeats: number
  /** The number of seats that are neither sold nor held. */
  availableSeats: number
  cancelledAt: Date | null
  createdAt: Date
  updatedAt: Date
}

/** A show with its house: the sold and the held seats. */
export interface ShowDetails extends Show {
  booked: SeatSet
  held: SeatSet
}

/** The data of a new show. `startTime` may be in the past; see `startWarnings`. */
export interface NewShow {
  name: string
  startTime: Date
  /** Required without a plan. */
  totalSeats?: number | undefined
  seatsPerRow?: number | null | undefined
  /** The text of a plan, instead of `totalSeats` and `seatsPerRow`; docs/plans.md explains it. */
  plan?: string | undefined
  /** IANA name (default: `UTC`). */
  timeZone?: string | undefined
}

/** The shows to list (default: all, the earliest first). */
export interface ShowFilter {
  /** Only shows that have not started, by the database's clock. */
  upcoming?: boolean | undefined
  /** Only shows that have started. */
  past?: boolean | undefined
  /** Only shows on sale: not cancelled, and with free seats. */
  onSale?: boolean | undefined
  /** Reverses the order: the latest first. */
  latestFirst?: boolean | undefined
  /** Words, or beginnings of words, that the name must all contain. */
  search?: string | undefined
  /** The maximum number of shows. */
  limit?: number | undefined
  /** The id of the last show of the previous page: lists only the shows after it. */
  after?: string | undefined
}

/** Creates a show with an empty house. Throws INVALID_INPUT. */
export async function createShow(db: Database, input: NewShow): Promise<Show> {
  const plan = input.plan === undefined ? undefined : await parsePlan(input.plan)
  const house = checkHouse(input, plan)
  return insertShow(db, await checkNewShow(input), house, plan)
}

/** The columns of a new show's house. */
export type NewHouse = Pick<ShowRow, 'total_seats' | 'seats_per_row' | 'plan_id'>

/** Creates a show with this house, whose plan must be stored, or is given to be stored. */
export async function insertShow(
  db: Database,
  facts: Awaited<ReturnType<typeof checkNewShow>>,
  house: NewHouse,
  plan?: NewPlan,
): Promise<Show> {
  const id = randomId()
  const booked_seats = SeatSet.empty(house.total_seats).toBytes()
  return change(
    db,
    async (trx) => {
      // The id makes a retry safe: an insert whose response was lost is found, not repeated.
      if (plan !== undefined) await storePlan(trx, plan)
      await trx('shows')
        .insert({ id, ...facts, ...house, booked_seats })
        .onConflict('id')
        .ignore()
      // If an earlier try inserted it, the lock still makes COMMIT wait for the standby.
      await trx('shows').where({ id }).forUpdate().first('id')
      return readShow(trx, id)
    },
    changeInDoubt(`tickets show view ${id}`, { isRepeatable: false }),
  )
}

/** Reads a show at the end of its transaction, so that nothing has to be read after COMMIT. */
export async function readShow(trx: Knex.Transaction, id: string): Promise<Show> {
  const [row] = await withPlans(trx, await selectShows(trx).where('shows.id', id))
  return toShow(row!)
}

/**
 * Lists shows by start, in either direction, page by page and in constant memory. Throws
 * INVALID_INPUT for a search without a word, and SHOW_NOT_FOUND if the `after` show does not exist.
 */
export async function* listShows(db: Database, filter: ShowFilter = {}): AsyncGenerator<Show> {
  const first = filter.after === undefined ? undefined : await cursorOf(db, filter.after)
  const pages = inPages<ShowRow & WithPlan>((last, size) => {
    const after = last ? { startTime: last.exact_start_time!, id: last.id } : first
    return withRetry(db, async () =>
      withPlans(db.knex, await showPage(db.knex, filter, after, size)),
    )
  }, filter)
  for await (const rows of pages) for (const row of rows) yield toShow(row)
}

/** Returns the show with this id and its current house. Throws SHOW_NOT_FOUND. */
export async function viewShow(db: Database, id: string): Promise<ShowDetails> {
  return withRetry(db, async () => {
    const rows = await selectShows(db.knex)
      .select('shows.booked_seats', db.knex.raw(`${HELD_SEATS} as held_seats`))
      .where('shows.id', id)
      .options({ name: 'view_show' })
    const [row] = await withPlans(db.knex, rows)
    if (row === undefined) throw showNotFound(id)
    const show = toShow(row)
    return {
      ...show,
      booked: SeatSet.fromBytes(row.booked_seats!, show.totalSeats),
      held: SeatSet.of(row.held_seats!, show.totalSeats),
    }
  })
}

/** The error for an id of no show. */
export function showNotFound(id: string): TicketsError {
  return new TicketsError('SHOW_NOT_FOUND', `There is no show ${quote(id)}.`)
}

/**
 * The condition for a booking that holds its seats now, by the database's clock. The holds of one
 * show are found by `held_in`. A hold with a seat that a former plan had was expired when the plan
 * changed, and stays so even if the clock goes back.
 */
export const IS_LIVE_HOLD = `status = 'HELD' and (held_until is null or held_until > clock_timestamp()) and not ${MAX_SEATS} < any(seats)`

/** The condition for a hold that has expired, so that its seats are free; never null. */
export const IS_EXPIRED_HOLD = `(status = 'HELD' and coalesce(held_until <= clock_timestamp(), false))`

/** The condition under which a show has started. */
export const HAS_STARTED = 'shows.start_time <= clock_timestamp()'

const HELD_SEATS = `array(
  select unnest(seats) from bookings where held_in = shows.id and ${IS_LIVE_HOLD} order by 1
)`

const HELD_SEATS_COUNT = `(
  select coalesce(sum(cardinality(seats)), 0)::int
  from bookings where held_in = shows.id and ${IS_LIVE_HOLD}
)`

/**
 * The condition for a show on sale. Checks the sold seats in the show's row first, then the holds.
 */
const IS_ON_SALE = `(
  cancelled_at is null and confirmed_seats_count < total_seats
  and confirmed_seats_count + ${HELD_SEATS_COUNT} < total_seats
)`

/** A row of the table `shows`, as node-postgres gives it. */
export interface ShowRow extends LayoutRow {
  id: string
  name: string
  start_time: Date
  time_zone: string
  has_started: boolean
  confirmed_seats_count: number
  held_seats_count: number
  cancelled_at: Date | null
  created_at: Date
  updated_at: Date
  /** To the microsecond; a Date has only milliseconds. */
  exact_start_time?: string
  is_known?: boolean
  booked_seats?: Buffer
  held_seats?: number[]
}

/** Selects shows, with all columns that `toShow` needs. */
export function selectShows(knex: Knex): Knex.QueryBuilder<ShowRow, ShowRow[]> {
  return knex('shows').select(
    'shows.id',
    'shows.name',
    'shows.start_time',
    'shows.time_zone',
    ...LAYOUT_COLUMNS.map((column) => `shows.${column}` as const),
    'shows.confirmed_seats_count',
    'shows.cancelled_at',
    'shows.created_at',
    'shows.updated_at',
    knex.raw(`${HELD_SEATS_COUNT} as held_seats_count`),
    knex.raw(`${HAS_STARTED} as has_started`),
  )
}

/**
 * The position before a page: the start of the previous page's last show, as a text exact to the
 * microsecond.
 */
interface Cursor {
  startTime: string
  id: string
}

async function cursorOf(db: Database, id: string): Promise<Cursor> {
  const [row] = await withRetry(db, () =>
    query<Cursor>(
      db.knex,
      'select start_time::text as "startTime", id from shows where id = ?::uuid',
      [id],
    ),
  )
  if (row === undefined) throw showNotFound(id)
  return row
}

async function showPage(
  knex: Knex,
  filter: ShowFilter,
  after: Cursor | undefined,
  size: number,
): Promise<ShowRow[]> {
  const { search, upcoming, past, onSale, latestFirst: isDescending = false } = filter
  const [direction, beyond] = isDescending ? ['desc', '<'] : ['asc', '>']
  const where = (rows: Knex.QueryBuilder) => {
    if (upcoming) rows.whereRaw('start_time > now()')
    if (past) rows.whereRaw('start_time <= now()')
    if (after === undefined) return
    rows.whereRaw(`(start_time, id) ${beyond} (?::timestamptz, ?)`, [after.startTime, after.id])
  }
  const ofShows = (rows: Knex.QueryBuilder) => {
    where(rows)
    if (onSale) rows.whereRaw(IS_ON_SALE)
  }
  const order = ['start_time', 'id']
  const inOrder = () =>
    selectShows(knex)
      .select<ShowRow[]>(knex.raw('shows.start_time::text as exact_start_time'))
      .orderBy(order.map((column) => ({ column: `shows.${column}`, order: direction })))
  if (search === undefined) return inOrder().modify(ofShows).limit(size)

  const ofWords = (rows: Knex.QueryBuilder) => {
    where(rows)
    // A subquery per row: PostgreSQL checks only as many shows with these words as needed.
    if (onSale) rows.whereRaw(`(select ${IS_ON_SALE} from shows where shows.id = show_words.id)`)
  }
  const first = selectFirstWithWords(knex, search, { where: ofWords, isDescending, size })
  const rows = await inOrder()
    .select<ShowRow[]>(knex.raw('is_known'))
    .joinRaw('right join (?) as first on first.id = shows.id', [first])
  if (rows[0]!.is_known) return rows.filter(({ id }) => id !== null)
  // The index of this order includes the words; checking a show costs a third of a microsecond.
  const list = { table: 'shows', column: 'name', order, isDescending, size, look: 1024 }
  const ids = selectIdsWithWords(knex, search, { ...list, where: ofShows })
  return inOrder().whereIn('shows.id', ids)
}

/** Returns the IANA name in its usual spelling. Throws INVALID_INPUT if there is no such zone. */
export async function checkTimeZone(name: string): Promise<string> {
  // Imported on demand: a booking needs no time zones, and their library slows down a command's
  // start.
  const { parseTimeZone } = await import('../shared/time/start-time.js')
  return parseTimeZone(name)
}

function checkHouse(input: NewShow, plan: NewPlan | undefined): NewHouse {
  const { totalSeats, seatsPerRow = null } = input
  if (plan !== undefined) {
    if (totalSeats === undefined && seatsPerRow === null) {
      return { total_seats: plan.plan.totalSeats, seats_per_row: null, plan_id: plan.row.id }
    }
    throw invalidInput(
      'A plan already defines the seats and rows. Leave out the number of seats and the length of a row.',
    )
  }
  if (
    totalSeats === undefined ||
    !Number.isInteger(totalSeats) ||
    totalSeats < 1 ||
    totalSeats > MAX_SEATS
  ) {
    throw invalidInput(`A show has 1 to 100,000 seats, as a whole number; got ${totalSeats}.`)
  }
  if (seatsPerRow !== null) checkSeatsPerRow(seatsPerRow, totalSeats)
  return { total_seats: totalSeats, seats_per_row: seatsPerRow, plan_id: null }
}

/** Checks what a new show has besides its house, by column. Throws INVALID_INPUT. */
export async function checkNewShow({ name, startTime, timeZone = 'UTC' }: NewShow) {
  if (Number.isNaN(startTime.getTime())) {
    throw invalidInput('The start time is not a valid time.')
  }
  return {
    name: checkText('name of a show', name, 200),
    start_time: startTime,
    time_zone: await checkTimeZone(timeZone),
  }
}

/** Makes a Show of a row of the table `shows`. */
export function toShow(row: ShowRow & WithPlan): Show {
  return {
    id: row.id,
    name: row.name,
    startTime: row.start_time,
    timeZone: row.time_zone,
    hasStarted: row.has_started,
    ...layoutOf(row),
    planId: row.plan_id,
    confirmedSeats: row.confirmed_seats_count,
    heldSeats: row.held_seats_count,
    availableSeats: row.total_seats - row.confirmed_seats_count - row.held_seats_count,
    cancelledAt: row.cancelled_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
