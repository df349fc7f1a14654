import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../support/database.js'

// What the schema refuses, even if a program is wrong.

const uuid = (n: number) => `'00000000-0000-7000-8000-${String(n).padStart(12, '0')}'`
const [SHOW, BOOKING, NEW, NOWHERE] = [1, 2, 3, 4].map(uuid) as [string, string, string, string]
const text = (length: number) => `repeat('x', ${length})`

const document = (name: string) => ({
  id: `encode(sha256('${name}'), 'hex')`,
  document: `'${name}'`,
})
const plan = { seats_per_row: 'null', plan_id: document('old').id }

/** A valid row of each table, by column, in SQL. */
const rows = {
  plans: { ...document('new'), total_seats: '10', created_at: 'now()' },
  shows: {
    id: NEW,
    name: `'Lear'`,
    start_time: 'now()',
    time_zone: `'UTC'`,
    total_seats: '10',
    seats_per_row: '5',
    booked_seats: `'\\x0700'`,
    confirmed_seats_count: '3',
    created_at: 'now()',
    updated_at: 'now()',
  },
  show_ids: { id: SHOW },
  show_words: { word: `'lear'`, start_time: 'now()', id: SHOW },
  bookings: {
    id: NEW,
    reference: `'AAAA3333'`,
    show_id: SHOW,
    status: `'CONFIRMED'`,
    seats: `'{1}'`,
    cancelled_seats: `'{}'`,
    key: `'key'`,
    key_request: `'{}'`,
    key_scope: `''`,
    created_at: 'now()',
    updated_at: 'now()',
  },
  admissions: { show_id: SHOW, seat: '2', booking_id: BOOKING, admitted_at: 'now()' },
  history: { id: '1000', show_id: SHOW, action: `'sold'`, at: 'now()' },
  api_tokens: {
    id: `'0123456789ab'`,
    name: `'door'`,
    role: `'read'`,
    secret_hash: `decode(${text(64).replace('x', '0')}, 'hex')`,
    created_at: 'now()',
  },
} satisfies Record<string, Record<string, string>>

type Table = keyof typeof rows

/** Inserts a row into a table: the valid one, with these columns replaced. */
function insert(table: Table, columns: Record<string, string> = {}): string {
  const row: Record<string, string> = { ...rows[table], ...columns }
  return `insert into ${table} (${Object.keys(row)}) overriding system value values (${Object.values(row)})`
}

/** Each constraint, and statements that only it refuses: one for each way to violate it. */
const refused: Record<string, string[]> = {
  plans_pkey: [insert('plans', document('old'))],
  // The foreign key of the show refers to it; the primary key alone would refuse its rows first.
  plans_id_total_seats_unique: [
    `do $$ begin
       alter table plans drop constraint plans_pkey;
       ${insert('plans', document('old'))};
     end $$`,
  ],
  plans_id_is_hash: [insert('plans', { id: document('other').id })],
  plans_total_seats_range: [
    insert('plans', { total_seats: '0' }),
    insert('plans', { total_seats: '100001' }),
  ],
  // Another plan, and one of another size.
  shows_plan_exists: [
    insert('shows', { ...plan, plan_id: `'none'` }),
    insert('shows', { ...plan, total_seats: '9' }),
    'delete from plans',
  ],
  shows_plan_has_the_rows: [insert('shows', { ...plan, seats_per_row: '5' })],

  shows_pkey: [insert('shows', { id: SHOW })],
  shows_name_length: [insert('shows', { name: `''` }), insert('shows', { name: text(201) })],
  // No bits would fit a house without seats.
  shows_total_seats_range: [
    insert('shows', {
      total_seats: '100001',
      booked_seats: `decode(repeat('00', 12501), 'hex')`,
      confirmed_seats_count: '0',
    }),
  ],
  shows_seats_per_row_range: [
    insert('shows', { seats_per_row: '0' }),
    insert('shows', { seats_per_row: '11' }),
  ],
  // Seat 11 of ten, and too many or too few bytes.
  shows_bits_fit_house: [
    insert('shows', { booked_seats: `'\\x0304'` }),
    insert('shows', { booked_seats: `'\\x070000'` }),
    insert('shows', { booked_seats: `'\\x07'` }),
  ],
  // A seat that is sold twice is one bit but counted twice; a lost update overwrites the count.
  shows_count_matches_bits: [
    insert('shows', { confirmed_seats_count: '4' }),
    insert('shows', { confirmed_seats_count: '2' }),
  ],

  show_ids_pkey: [insert('show_ids')],
  show_ids_show_exists: [insert('show_ids', { id: NOWHERE })],
  show_words_pkey: [`${insert('show_words')}, (${Object.values(rows.show_words)})`],

  bookings_pkey: [insert('bookings', { id: BOOKING })],
  bookings_reference_unique: [insert('bookings', { reference: `'AAAA2222'` })],
  bookings_reference_form: [
    insert('bookings', { reference: `'AAAA222'` }),
    insert('bookings', { reference: `'AAAA22222'` }),
    // Characters that are easily confused, and small letters.
    ...Array.from('01ILOUa', (character) =>
      insert('bookings', { reference: `'AAAA222${character}'` }),
    ),
  ],
  bookings_key_unique: [insert('bookings', { key: `'used'` })],
  bookings_key_length: [insert('bookings', { key: `''` }), insert('bookings', { key: text(201) })],
  bookings_key_has_request: [insert('bookings', { key_request: 'null' })],
  bookings_show_exists: [
    insert('bookings', { show_id: NOWHERE }),
    `delete from show_ids where id = ${SHOW}`,
  ],
  bookings_split_exists: [insert('bookings', { split_from: NOWHERE })],
  bookings_status_known: [insert('bookings', { status: `'LOST'` })],
  bookings_seats_in_range: [
    insert('bookings', { seats: `'{1, 0}'` }),
    insert('bookings', { seats: `'{1, 100001}'` }),
  ],
  bookings_sold_or_held_have_seats: [
    insert('bookings', { seats: `'{}'` }),
    insert('bookings', { seats: `'{}'`, status: `'HELD'` }),
  ],
  bookings_customer_length: [
    insert('bookings', { customer: `''` }),
    insert('bookings', { customer: text(201) }),
  ],
  bookings_note_length: [
    insert('bookings', { note: `''` }),
    insert('bookings', { note: text(1001) }),
  ],
  bookings_cancel_reason_length: [
    insert('bookings', { cancel_reason: `''` }),
    insert('bookings', { cancel_reason: text(1001) }),
  ],
  bookings_only_holds_expire: [insert('bookings', { held_until: 'now()' })],
  bookings_pending_has_bound: [
    insert('bookings', { status: `'PENDING'` }),
    insert('bookings', { pending_until: 'now()' }),
  ],
  bookings_failed_has_reason: [
    insert('bookings', { status: `'FAILED'` }),
    insert('bookings', { failure: `'{}'` }),
  ],

  // A seat admits one booking.
  admissions_pkey: [insert('admissions', { seat: '1' })],
  admissions_seat_range: [
    insert('admissions', { seat: '0' }),
    insert('admissions', { seat: '100001' }),
  ],
  admissions_show_exists: [insert('admissions', { show_id: NOWHERE })],
  admissions_booking_exists: [insert('admissions', { booking_id: NOWHERE })],

  history_pkey: [insert('history', { id: '1' })],

  api_tokens_pkey: [insert('api_tokens', { id: `'aaaaaaaaaaaa'` })],
  api_tokens_id_form: [
    insert('api_tokens', { id: `'0123456789AB'` }),
    insert('api_tokens', { id: `'0123456789abc'` }),
  ],
  api_tokens_name_length: [
    insert('api_tokens', { name: `''` }),
    insert('api_tokens', { name: text(101) }),
  ],
  api_tokens_role_known: [insert('api_tokens', { role: `'root'` })],
  api_tokens_hash_length: [insert('api_tokens', { secret_hash: `'secret'` })],

  ...notNull('plans', ['id', 'document', 'total_seats', 'created_at']),
  ...notNull('shows', [
    ...['id', 'name', 'start_time', 'time_zone', 'total_seats', 'booked_seats'],
    ...['confirmed_seats_count', 'created_at', 'updated_at'],
  ]),
  ...notNull('show_ids', ['id']),
  ...notNull('show_words', ['word', 'start_time', 'id']),
  ...notNull('bookings', [
    ...['id', 'reference', 'show_id', 'status', 'seats', 'cancelled_seats', 'key_scope'],
    ...['former_seats', 'created_at', 'updated_at'],
  ]),
  ...notNull('admissions', ['show_id', 'seat', 'booking_id', 'admitted_at']),
  ...notNull('history', ['id', 'at', 'show_id', 'action']),
  ...notNull('api_tokens', ['id', 'name', 'role', 'secret_hash', 'created_at']),
}

function notNull(table: Table, columns: string[]): Record<string, string[]> {
  const statements = columns.map((name) => [
    `${table}_${name}_not_null`,
    [insert(table, { [name]: 'null' })],
  ])
  return Object.fromEntries(statements)
}

/** The constraints of the program's tables; for a unique index, its name. */
const CONSTRAINTS = `
  select conname::text as name from pg_constraint
  where connamespace = 'public'::regnamespace and conrelid::regclass::text !~ '^knex_'
  union
  select relname::text from pg_index join pg_class on pg_class.oid = indexrelid
  where indisunique and relnamespace = 'public'::regnamespace and relname !~ '^knex_'`

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
  await db.sql(insert('plans', document('old')))
  await db.sql(insert('shows', { id: SHOW, ...plan }))
  await db.sql(insert('bookings', { id: BOOKING, reference: `'AAAA2222'`, key: `'used'` }))
  await db.sql(insert('admissions', { seat: '1' }))
  await db.sql(insert('api_tokens', { id: `'aaaaaaaaaaaa'` }))
})
afterAll(() => db.drop())

describe('every constraint', () => {
  test('has a row in this table, and every row has a constraint', async () => {
    const names = (await db.sql<{ name: string }>(CONSTRAINTS)).map(({ name }) => name)
    expect(Object.keys(refused).sort()).toEqual(names.sort())
  })

  const rowsOf = Object.entries(refused).flatMap(([name, statements]) =>
    statements.map((statement) => [name, statement] as const),
  )
  test.each(rowsOf)('%s refuses its row', async (name, statement) => {
    const error = await db.sql(statement).then(
      () => expect.unreachable(`accepted: ${statement}`),
      (thrown) => thrown,
    )
    // A column that may not be null has no named constraint.
    expect(error.constraint ?? `${error.table}_${error.column}_not_null`, error.message).toBe(name)
  })
})

describe('the valid row that the others are made from', () => {
  test.each(Object.keys(rows) as Table[])('is accepted: %s', async (table) => {
    // It exists already, as the row of a show.
    const isThere = table === 'show_ids' ? ' on conflict do nothing' : ''
    await db.sql(`begin; ${insert(table)}${isThere}; rollback`)
  })
})
