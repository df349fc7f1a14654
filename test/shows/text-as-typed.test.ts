import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { down, up } from '../../migrations/0010_text_as_typed.js'
import { type BookingFilter, openTickets, type Tickets } from '../../src/index.js'
import { canonicalText, foldText } from '../../src/shared/fold-text.js'
import { openCore } from '../support/core-database.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { insertShow } from '../support/shows.js'

/** Texts, and other ways in which people type them. */
const TYPED: [what: string, stored: string, typed: string][] = [
  ['accents apart', 'Émile et Zoé', 'E\u0301mile et Zoe\u0301'],
  ['accents together', 'Re\u0301gine', 'Régine'],
  ['a typewriter apostrophe', 'L’Été à Paris', "L'Été à Paris"],
  ['a typographic apostrophe', "O'Neill's Day", 'O’Neill’s Day'],
  ['no-break spaces', 'The Magic Flute', 'The\u00a0Magic\u202fFlute'],
  ['ordinary spaces', 'Das\u00a0Rheingold', 'Das Rheingold'],
  ['runs of spaces, and spaces around', 'Die  Walküre ', ' Die Walküre'],
  ['a tab and a line', 'King\tLear\nII', 'King Lear II'],
  ['small letters', 'Rush', 'rush'],
  ['capitals with accents', 'Café Müller', 'CAFÉ MÜLLER'],
  ['small Cyrillic letters', 'ЧАЙКА', 'чайка'],
  ['Greek capitals', 'Ίων ο Χίος', 'ΊΩΝ Ο ΧΊΟΣ'],
  ['all of it at once', 'L’élève  ÉTÉ', "L'E\u0301LE\u0300VE\u00a0été"],
]
/** Only ICU handles these, and a server may be built without it. */
const TYPED_WITH_ICU: typeof TYPED = [
  ['a sharp s in capitals', 'Große Straße', 'GROSSE STRASSE'],
  ['Turkish capitals', 'İstanbul', 'istanbul'],
]

describe.each([
  ['C', "locale 'C'"],
  ['C.UTF-8 of the system', "locale_provider libc locale 'C.utf8'"],
  ['C.UTF-8 of PostgreSQL', "locale 'C' locale_provider builtin builtin_locale 'C.UTF-8'"],
  ['English', "locale 'C' locale_provider icu icu_locale 'en-GB'"],
  ['Turkish, where I is no capital i', "locale 'C' locale_provider icu icu_locale 'tr-TR'"],
  ['C, on a server without ICU', "locale 'C'"],
])('in a database whose locale is %s', (name, locale) => {
  const hasIcu = !name.includes('without')
  let db: TestDatabase
  let tickets: Tickets
  beforeAll(async () => {
    db = await cloneDatabase({ empty: true, locale })
    if (!hasIcu) await db.sql(`delete from pg_collation where collprovider = 'i'`)
    tickets = openTickets({ database: db.url })
    await tickets.migrate()
  })
  afterAll(async () => {
    await tickets?.close()
    await db?.drop()
  })

  const typed = hasIcu ? [...TYPED, ...TYPED_WITH_ICU] : TYPED

  test.each(typed)('a show is found with %s, by its name and by words', async (_, stored, name) => {
    const id = await insertShow(db, { name: stored })
    expect(await tickets.findShow(name)).toMatchObject({ id, name: stored })
    expect(await shows(tickets, name)).toEqual([stored])
    const beginning = name.trimEnd().replace(/.\p{M}*$/u, '')
    expect(await shows(tickets, beginning)).toEqual([stored])
    await db.sql('delete from shows where id = $1', [id])
  })

  test.each(typed)('a customer is found with %s', async (_, stored, customer) => {
    const id = await insertShow(db, { name: `For ${stored}` })
    const { booking } = await tickets.book(id, { count: 1, customer: stored })
    expect(booking.customer).toBe(stored)
    for (const sort of ['time', 'newest', 'customer'] as const) {
      expect(await customers(tickets, { show: id, customer, sort })).toEqual([stored])
    }
  })

  test('the database folds a text as the program does', async () => {
    const texts = typed.flatMap(([, stored, name]) => [stored, name, `${stored}:${name}`])
    const rows = await db.sql(
      `select canonical_text(text) as canonical, folded_text(text) as folded
       from unnest($1::text[]) as text`,
      [hasIcu ? [...texts, ...EVERY_KIND] : texts],
    )
    expect(rows).toEqual(
      (hasIcu ? [...texts, ...EVERY_KIND] : texts).map((text) => ({
        canonical: canonicalText(text),
        folded: foldText(text),
      })),
    )
  })

  test('customers, and operators, are sorted in the order that people expect', async () => {
    const id = await insertShow(db, { name: 'Sorted', seats: 20 })
    const names = ['Zoe', 'adam', 'Émile', 'Adamson', 'eva', 'Ada', 'Ångström', 'zeno', "O'Neill"]
    for (const customer of names) await tickets.book(id, { count: 1, customer })
    const sorted = hasIcu
      ? ['Ada', 'adam', 'Adamson', 'Ångström', 'Émile', 'eva', "O'Neill", 'zeno', 'Zoe']
      : ['Ada', 'adam', 'Adamson', 'eva', "O'Neill", 'zeno', 'Zoe', 'Ångström', 'Émile']
    await tickets.book(id, { count: 1 })
    expect(await customers(tickets, { show: id, sort: 'customer' })).toEqual([...sorted, null])
    if (!hasIcu) return
    const other = await insertShow(db, { name: 'Sold' })
    for (const operator of names) await tickets.as(operator).book(other, { count: 1 })
    const { operators } = await tickets.reportOnShow(other)
    expect(operators.map(({ operator }) => operator)).toEqual(sorted)
  })
})

/** A letter of every kind that the database and the program might treat differently. */
const EVERY_KIND = [
  ...['ǅ ǆ ǈ', 'ŉ', 'ΐ ᾳ ᾼ', 'ﬃ ﬗ', 'Ꭰ ꭰ', 'ȿ Ȿ', 'K Å Ω', '\u0344', 'ς σ Σ', 'ΑΣ. ΑΣΑ', 'ჾ'],
  ...['가 각', 'ガ ガ', '👨‍👩‍👧', 'שלום', '\u202ex', 'e\u0323\u0302', '\u0958', 'Ǆ', 'ᲀ ᲁ'],
  ...['\u0085a\u200bb\u2060c\u180ed', '\u1680a\u2007b', '', ' ', "'", '\u007f', 'a\u0307 i\u0307'],
]

describe('a name that differs from another only in the case of its letters', () => {
  let db: TestDatabase
  let tickets: Tickets
  beforeAll(async () => {
    db = await cloneDatabase()
    tickets = openTickets({ database: db.url })
  })
  afterAll(async () => {
    await tickets.close()
    await db.drop()
  })

  test('means the show with that spelling; in a third spelling, it is ambiguous', async () => {
    const [one, other] = [
      await insertShow(db, { name: 'Rush' }),
      await insertShow(db, { name: 'RUSH' }),
    ]
    expect(await tickets.findShow('Rush')).toMatchObject({ id: one })
    expect(await tickets.findShow(' RUSH ')).toMatchObject({ id: other })
    await expect(tickets.findShow('rush')).rejects.toMatchObject({ code: 'AMBIGUOUS_ID' })
  })

  test('is looked up in an index, in any number of shows', async () => {
    // In a separate database, because the reads of other connections are counted late.
    const db = await cloneDatabase()
    await db.sql(
      `insert into shows (id, name, start_time, time_zone, total_seats, booked_seats)
       select gen_random_uuid(), 'Show No' || n, now() + n * interval '1 h', 'UTC', 8, '\\x00'
       from generate_series(1, 5000) n`,
    )
    const reads = `select seq_tup_read::int as rows from pg_stat_user_tables where relname = 'shows'`
    const before = await db.sql(reads)
    const clerk = openTickets({ database: db.url })
    expect(await clerk.findShow('show no4711')).toMatchObject({ name: 'Show No4711' })
    await expect(clerk.findShow('show 4711')).rejects.toMatchObject({ code: 'SHOW_NOT_FOUND' })
    // The server counts the reads of a connection when it ends.
    await clerk.close()
    expect(await db.sql(reads)).toEqual(before)
    await db.drop()
  })

  test('a repeated key is the same request, in whichever form the customer is typed', async () => {
    const show = await insertShow(db, { name: 'Keyed' })
    const request = { count: 1, key: 'k' }
    const first = await tickets.book(show, { ...request, customer: "Zoé O'Neill" })
    const again = { ...request, customer: 'Zoe\u0301  O’Neill' }
    expect(await tickets.book(show, again)).toMatchObject({
      replayed: true,
      booking: { id: first.booking.id },
    })
    expect(await tickets.startDryRun().book(show, again)).toMatchObject({ replayed: true })
    const other = { ...request, customer: 'Zoe ONeill' }
    await expect(tickets.book(show, other)).rejects.toMatchObject({ code: 'KEY_REUSED' })
  })
})

test('a schema may have any name', async () => {
  const db = await cloneDatabase({ empty: true })
  await db.sql('create schema "what a ""schema"')
  const tickets = openTickets({ database: db.url, schema: 'what a "schema' })
  await tickets.migrate()
  await tickets.createShow({ name: 'Été', startTime: new Date(), totalSeats: 1 })
  expect(await tickets.findShow('ÉTÉ')).toMatchObject({ name: 'Été' })
  expect(await tickets.rollback()).toContain('0010_text_as_typed')
  await tickets.close()
  await db.drop()
})

test('an upgrade folds the existing texts, and a rollback removes what it added', async () => {
  const db = await cloneDatabase()
  const core = openCore(db)
  const tickets = openTickets({ database: db.url })
  await core.knex.transaction(down)
  const id = await insertShow(db, { name: 'L’Été  à Paris' })
  await db.sql(
    `insert into bookings (id, reference, show_id, status, seats, customer)
     values (gen_random_uuid(), '22222222', $1, 'CONFIRMED', '{1}', 'E\u0301mile')`,
    [id],
  )
  const schema = () =>
    db.sql(`select indexdef from pg_indexes where schemaname = 'public' order by indexname`)
  const before = await schema()
  await core.knex.transaction(up)
  expect(await tickets.findShow("l'été à paris")).toMatchObject({ id })
  expect(await shows(tickets, "l'été")).toEqual(['L’Été  à Paris'])
  expect(await customers(tickets, { customer: 'émile' })).toEqual(['E\u0301mile'])
  await core.knex.transaction(down)
  expect(await schema()).toEqual(before)
  await Promise.all([tickets.close(), core.close()])
  await db.drop()
})

async function shows(tickets: Tickets, search: string): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of tickets.listShows({ search })) names.push(name)
  return names
}

async function customers(tickets: Tickets, filter: BookingFilter): Promise<(string | null)[]> {
  const names: (string | null)[] = []
  for await (const { customer } of tickets.listBookings(filter)) names.push(customer)
  return names
}
