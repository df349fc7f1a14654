import pg from 'pg'
import { SeatSet } from 'tickets-box-office'
import type { BenchDatabase } from './server.js'

export interface Load {
  shows: number
  /** Bookings of two seats in each show; 40 leave some seats free. */
  bookingsPerShow: number
}

/** The seats of every show that is loaded. */
export const LOADED_HOUSE = 100

/** One show in a hundred has this word in its name. */
export const COMMON_WORD = 'lear'

/** One show in a thousand has this word in its name. */
export const UNCOMMON_WORD = 'hamlet'

/** The name of the nth show, from 1. The number is a word that no other name has. */
export function showName(n: number): string {
  return `${n % 100 === 0 ? 'King Lear' : n % 1000 === 1 ? 'Hamlet' : 'The Tempest'} N${n}`
}

/**
 * Fills a database with shows around now and their bookings. The server creates the rows without a
 * round trip to a client; triggers are disabled, and the indexes are created at the end.
 */
export async function loadDatabase(
  database: BenchDatabase,
  { shows, bookingsPerShow }: Load,
): Promise<void> {
  await withConnection(database, async (client) => {
    await client.query(`set session_replication_role = replica`)
    await client.query(`set statement_timeout = 0`)
    await client.query(`set maintenance_work_mem = '512MB'`)
    await withoutIndexes(client, async () => {
      await addShows(client, { shows, bookingsPerShow })
      for (let turn = 1; turn <= bookingsPerShow; turn++) await addBookings(client, shows, turn)
    })
    await client.query('vacuum (analyze) shows, show_ids, show_words, bookings')
    await client.query('checkpoint')
  })
}

async function addShows(client: pg.Client, { shows, bookingsPerShow }: Load): Promise<void> {
  const seats = Array.from({ length: 2 * bookingsPerShow }, (_, i) => i + 1)
  const sold = SeatSet.of(seats, LOADED_HOUSE)
  await client.query(
    // From a year ago to a year from now, in an order that is independent of the names.
    `insert into shows (id, name, start_time, time_zone, total_seats, seats_per_row,
                        booked_seats, confirmed_seats_count, created_at, updated_at)
     select gen_random_uuid(),
            case when n % 100 = 0 then 'King Lear' when n % 1000 = 1 then 'Hamlet'
                 else 'The Tempest' end || ' N' || n,
            date_trunc('minute', now()) + make_interval(mins => (random() * 1051200)::int - 525600),
            'Europe/London', $2, 10, $3, $4, now(), now()
     from generate_series(1, $1::int) as n`,
    [shows, LOADED_HOUSE, sold.toBytes(), sold.size],
  )
  // What the disabled triggers would do.
  await client.query('insert into show_ids (id) select id from shows order by id')
  await client.query(
    `insert into show_words
     select word, start_time, id from shows, words_of(name) as word order by word, start_time, id`,
  )
}

/**
 * One booking for every show: the bookings of one show are far apart, as when many shows are sold
 * at once.
 */
async function addBookings(client: pg.Client, shows: number, turn: number): Promise<void> {
  await client.query(
    // Reference: the number of the booking, scattered by a factor that is coprime to 2³². Customer:
    // a first name that every thousandth booking has, and a last name that one booking of each
    // turn has.
    `insert into bookings (id, reference, show_id, status, seats, customer)
     select uuidv7(),
            translate(
              lpad(to_hex((($1::bigint * $2 + row_number() over ()) * 2654435761) & 4294967295), 8, '0'),
              '01abcdef', 'GHABCDEF'),
            id, 'CONFIRMED', array[$2 * 2 - 1, $2 * 2],
            'First' || row_number() over () % 1000 || ' Last' || row_number() over ()
     from shows`,
    [shows, turn],
  )
}

/** Drops the constraints and indexes of the tables, and creates them again after `work`. */
async function withoutIndexes(client: pg.Client, work: () => Promise<void>): Promise<void> {
  const tables = `('shows'::regclass, 'show_words'::regclass, 'bookings'::regclass)`
  const constraints = await client.query<Definition>(
    `select conrelid::regclass as on_table, quote_ident(conname) as name,
            pg_get_constraintdef(oid) as definition
     from pg_constraint
     where conrelid in ${tables} and contype in ('p', 'u') or confrelid in ${tables}
     order by contype = 'f', conname`,
  )
  for (const { on_table, name } of constraints.rows.toReversed()) {
    await client.query(`alter table ${on_table} drop constraint ${name}`)
  }
  const indexes = await client.query<Definition>(
    `select indexrelid::regclass as name, pg_get_indexdef(indexrelid) as definition
     from pg_index where indrelid in ${tables}`,
  )
  for (const { name } of indexes.rows) await client.query(`drop index ${name}`)

  await work()

  for (const { definition } of indexes.rows) await client.query(definition)
  for (const { on_table, name, definition } of constraints.rows) {
    await client.query(`alter table ${on_table} add constraint ${name} ${definition}`)
  }
}

interface Definition {
  on_table: string
  name: string
  definition: string
}

async function withConnection(
  { connection }: BenchDatabase,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client(connection)
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
