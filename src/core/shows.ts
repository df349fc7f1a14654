import type { Knex } from 'knex'
import { v4 as randomId } from 'uuid'
import type { Database } from '../database/connection.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { inTransaction } from '../database/transaction.js'
import { TicketsError } from './errors.js'
import { formatStartTime } from './format-time.js'
import { checkText } from './input.js'
import { quote } from './quote.js'
import { SeatSet } from './seat-set.js'
import { MAX_SEATS, type SeatLayout } from './seats.js'
import { selectFirstWithWords } from './show-words.js'
import { selectIdsWithWords } from './word-search.js'

/** A show as everybody may see it. Seats are counted, not named: see `ShowDetails`. */
export interface Show extends SeatLayout {
  id: string
  name: string
  startTime: Date
  /** IANA name; what local times of the show mean. */
  timeZone: string
  /** Is the start in the past, by the database's clock? */
  hasStarted: boolean
  confirmedSeats: number
  /** Seats kept by holds that have not expired. */
  heldSeats: number
  cancelledAt: Date | null
  createdAt: Date
  updatedAt: Date
}

/** A show with its house: which seats are sold and which are held. */
export interface ShowDetails extends Show {
  booked: SeatSet
  held: SeatSet
}

/** What a new show needs. `startTime` may lie in the past: see `startWarnings`. */
export interface NewShow {
  name: string
  startTime: Date
  totalSeats: number
  seatsPerRow?: number | null
  /** IANA name; default `UTC`. */
  timeZone?: string
}

/** Which shows to list; all of them by default, the earliest first. */
export interface ShowFilter {
  /** Only shows that have not started, by the database's clock. */
  upcoming?: boolean
  /** Words, or beginnings of words, that the name has all of. */
  search?: string
  /** At most so many. */
  limit?: number
  /** The id of the last show of an earlier page: only shows after it in the order of the list. */
  after?: string
}

const PAGE_SIZE = 1000

/** Creates a show with an empty house. Throws INVALID_INPUT. */
export async function createShow(db: Database, input: NewShow): Promise<Show> {
  const show = { ...checkNewShow(input), time_zone: await checkTimeZone(input.timeZone ?? 'UTC') }
  const id = randomId()
  return withRetry(db, () =>
    inTransaction(db, async (trx) => {
      // The id makes the retry safe: an insert whose reply was lost is found, not repeated.
      await trx('shows')
        .insert({ id, ...show })
        .onConflict('id')
        .ignore()
      const [row] = await selectShows(trx).where('shows.id', id)
      return toShow(row!)
    }),
  )
}

/**
 * Lists shows in the order of their start, page by page: any number of them in constant memory.
 * Throws INVALID_INPUT for a search without a word in it, SHOW_NOT_FOUND when there is no `after`.
 */
export async function* listShows(db: Database, filter: ShowFilter = {}): AsyncGenerator<Show> {
  let after = filter.after === undefined ? undefined : await placeOf(db, filter.after)
  let left = filter.limit ?? Number.POSITIVE_INFINITY
  while (left > 0) {
    const size = Math.min(left, PAGE_SIZE)
    const rows = await withRetry(db, () => showPage(db.knex, filter, after, size))
    for (const row of rows) yield toShow(row)
    if (rows.length < size) return
    left -= rows.length
    const last = rows.at(-1)!
    after = { startTime: last.exact_start_time!, id: last.id }
  }
}

/**
 * Finds the one show that `name` means: an id, the beginning of an id (4 characters or more), or
 * an exact name that only one show bears. Throws SHOW_NOT_FOUND, AMBIGUOUS_ID.
 */
export async function findShow(db: Database, name: string): Promise<Show> {
  const rows = await withRetry(db, () => showsNamed(db.knex, name))
  const [row] = rows
  if (row === undefined) {
    const meant = await namesLike(db, name)
    const help = meant === '' ? '`tickets show list` shows them all.' : `Did you mean ${meant}?`
    throw new TicketsError('SHOW_NOT_FOUND', `There is no show ${quote(name)}. ${help}`)
  }
  if (rows.length > 1) {
    // With their times: the shows of a series have one name.
    const shows = rows.map(
      ({ id, start_time, time_zone }) => `${id} (${formatStartTime(start_time, time_zone)})`,
    )
    throw new TicketsError(
      'AMBIGUOUS_ID',
      `${quote(name)} means more than one show: ${shows.join(', ')}${rows.length > 2 ? ', …' : ''}. Give more of the id.`,
    )
  }
  return toShow(row)
}

/** The names of shows that have words beginning like these, quoted; empty when there are none. */
async function namesLike(db: Database, name: string): Promise<string> {
  if (!/\p{L}/u.test(name) || name.length > 200) return ''
  const names = new Set<string>()
  for await (const show of listShows(db, { search: name, limit: 3 })) names.add(quote(show.name))
  return [...names].join(' or ')
}

/** Checks the length of a row in a house of so many seats. Throws INVALID_INPUT. */
export function checkSeatsPerRow(seatsPerRow: number, totalSeats: number): void {
  if (Number.isInteger(seatsPerRow) && seatsPerRow >= 1 && seatsPerRow <= totalSeats) return
  throw new TicketsError(
    'INVALID_INPUT',
    `A row has 1 to ${totalSeats} seats here, as a whole number; got ${seatsPerRow}.`,
  )
}

/** A show and its house, as of now. Throws SHOW_NOT_FOUND, AMBIGUOUS_ID. */
export async function viewShow(db: Database, name: string): Promise<ShowDetails> {
  const { id } = await findShow(db, name)
  return withRetry(db, async () => {
    const [row] = await selectShows(db.knex)
      .select('shows.booked_seats', db.knex.raw(`${HELD_SEATS} as held_seats`))
      .where('shows.id', id)
    if (row === undefined) throw showNotFound(id)
    const show = toShow(row)
    return {
      ...show,
      booked: SeatSet.fromBytes(row.booked_seats!, show.totalSeats),
      held: SeatSet.of(row.held_seats!, show.totalSeats),
    }
  })
}

/** The error for a show's id that leads nowhere. */
export function showNotFound(id: string): TicketsError {
  return new TicketsError('SHOW_NOT_FOUND', `There is no show ${quote(id)}.`)
}

/**
 * The condition under which a booking holds its seats now; the database's clock decides. Those of
 * one show are found by `held_in`.
 */
export const IS_LIVE_HOLD = `status = 'HELD' and (held_until is null or held_until > clock_timestamp())`

/** The condition under which a show has started. */
export const HAS_STARTED = 'shows.start_time <= clock_timestamp()'

const HELD_SEATS = `array(
  select unnest(seats) from bookings where held_in = shows.id and ${IS_LIVE_HOLD} order by 1
)`

const HELD_SEATS_COUNT = `(
  select coalesce(sum(cardinality(seats)), 0)::int
  from bookings where held_in = shows.id and ${IS_LIVE_HOLD}
)`

interface ShowRow {
  id: string
  name: string
  start_time: Date
  time_zone: string
  total_seats: number
  seats_per_row: number | null
  has_started: boolean
  confirmed_seats_count: number
  held_seats_count: number
  cancelled_at: Date | null
  created_at: Date
  updated_at: Date
  /** In microseconds, which a Date cannot tell apart. */
  exact_start_time?: string
  is_known?: boolean
  booked_seats?: Buffer
  held_seats?: number[]
}

function selectShows(knex: Knex): Knex.QueryBuilder<ShowRow, ShowRow[]> {
  return knex('shows').select(
    'shows.id',
    'shows.name',
    'shows.start_time',
    'shows.time_zone',
    'shows.total_seats',
    'shows.seats_per_row',
    'shows.confirmed_seats_count',
    'shows.cancelled_at',
    'shows.created_at',
    'shows.updated_at',
    knex.raw(`${HELD_SEATS_COUNT} as held_seats_count`),
    knex.raw(`${HAS_STARTED} as has_started`),
  )
}

/** Where a page begins: after the show with this start, as a text exact to the microsecond. */
interface Place {
  startTime: string
  id: string
}

async function placeOf(db: Database, id: string): Promise<Place> {
  const [row] = await withRetry(db, () =>
    query<Place>(
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
  after: Place | undefined,
  size: number,
): Promise<ShowRow[]> {
  const { search, upcoming } = filter
  const where = (rows: Knex.QueryBuilder) => {
    if (upcoming) rows.whereRaw('start_time > now()')
    if (after !== undefined) {
      rows.whereRaw('(start_time, id) > (?::timestamptz, ?)', [after.startTime, after.id])
    }
  }
  const order = ['start_time', 'id']
  const inOrder = () =>
    selectShows(knex)
      .select<ShowRow[]>(knex.raw('shows.start_time::text as exact_start_time'))
      .orderBy(order.map((column) => `shows.${column}`))
  if (search === undefined) return inOrder().modify(where).limit(size)

  const first = selectFirstWithWords(knex, search, { where, size })
  const rows = await inOrder()
    .select<ShowRow[]>(knex.raw('is_known'))
    .joinRaw('right join (?) as first on first.id = shows.id', [first])
  if (rows[0]!.is_known) return rows.filter(({ id }) => id !== null)
  // Their words are in the index of this order: to look at a show costs a third of a microsecond.
  const list = { table: 'shows', column: 'name', order, where, size, look: 1024 }
  return inOrder().whereIn('shows.id', selectIdsWithWords(knex, search, list))
}

/** Two at most: enough to know that a name is ambiguous. The id wins over a name that looks like one. */
async function showsNamed(knex: Knex, name: string): Promise<ShowRow[]> {
  const range = idRange(name)
  if (range !== undefined) {
    const byId = await selectShows(knex).whereBetween('shows.id', range).limit(3)
    if (byId.length > 0) return byId
  }
  if (name.includes('\0')) return []
  return selectShows(knex).where('shows.name', name).limit(3)
}

const ID_SHAPE = 'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx'

/** The ids that begin with `prefix`, as a range that the primary key answers. */
function idRange(prefix: string): [string, string] | undefined {
  const isPrefix =
    prefix.length >= 4 &&
    prefix.length <= ID_SHAPE.length &&
    [...prefix].every((char, i) => (ID_SHAPE[i] === '-' ? char === '-' : /[0-9a-f]/i.test(char)))
  if (!isPrefix) return undefined
  const rest = ID_SHAPE.slice(prefix.length)
  return [prefix + rest.replaceAll('x', '0'), prefix + rest.replaceAll('x', 'f')]
}

/** The IANA name in its usual spelling. Throws INVALID_INPUT for what is none. */
export async function checkTimeZone(name: string): Promise<string> {
  // Loaded late: a booking needs no zones, and their library costs a command's start.
  const { parseTimeZone } = await import('./start-time.js')
  return parseTimeZone(name)
}

function checkNewShow(input: NewShow) {
  const { totalSeats, seatsPerRow = null, startTime } = input
  if (!Number.isInteger(totalSeats) || totalSeats < 1 || totalSeats > MAX_SEATS) {
    throw new TicketsError(
      'INVALID_INPUT',
      `A show has 1 to 100,000 seats, as a whole number; got ${totalSeats}.`,
    )
  }
  if (seatsPerRow !== null) checkSeatsPerRow(seatsPerRow, totalSeats)
  if (Number.isNaN(startTime.getTime())) {
    throw new TicketsError('INVALID_INPUT', 'The start time is not a valid time.')
  }
  return {
    name: checkText('name of a show', input.name, 200),
    start_time: startTime,
    total_seats: totalSeats,
    seats_per_row: seatsPerRow,
    booked_seats: SeatSet.empty(totalSeats).toBytes(),
  }
}

function toShow(row: ShowRow): Show {
  return {
    id: row.id,
    name: row.name,
    startTime: row.start_time,
    timeZone: row.time_zone,
    hasStarted: row.has_started,
    totalSeats: row.total_seats,
    seatsPerRow: row.seats_per_row,
    confirmedSeats: row.confirmed_seats_count,
    heldSeats: row.held_seats_count,
    cancelledAt: row.cancelled_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
