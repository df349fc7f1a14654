import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { down, up } from '../../migrations/0007_words_of_shows.js'
import type { Database } from '../../src/database/knex-pool.js'
import { openTickets, type Tickets } from '../../src/index.js'
import { openCore } from '../support/core-database.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'

let db: TestDatabase
let core: Database
let tickets: Tickets

beforeAll(async () => {
  db = await cloneDatabase()
  core = openCore(db)
  tickets = openTickets({ database: db.url })
})
afterAll(async () => {
  await tickets.close()
  await core.close()
  await db.drop()
})
beforeEach(() => db.sql('truncate shows cascade'))

const STARTS = new Date('2040-12-25T19:00:00Z')

test('the words of a show are stored when it is created, and deleted when its name changes', async () => {
  const cats = await createShow('Cats, and the Dogs')
  expect(await words()).toEqual(['and', 'cats', 'dogs', 'the'])
  await tickets.editShow(cats, { name: 'The Mice' })
  expect(await words()).toEqual(['mice', 'the'])
  expect(await namesWith('cats')).toEqual([])
  expect(await namesWith('mi')).toEqual(['The Mice'])
  await db.sql(`delete from shows where id = '${cats}'`)
  expect(await words()).toEqual([])
})

test('a show that is put off is found at its new place', async () => {
  const cats = await createShow('Cats I')
  await createShow('Cats II', new Date('2040-12-26T19:00:00Z'))
  expect(await namesWith('cats')).toEqual(['Cats I', 'Cats II'])
  await tickets.editShow(cats, { startTime: new Date('2040-12-27T19:00:00Z') })
  expect(await namesWith('cats')).toEqual(['Cats II', 'Cats I'])
  // One search for one show, and one that checks each show for a second word.
  expect(await namesWith('cats', 1)).toEqual(['Cats II'])
  expect(await namesWith('cats i')).toEqual(['Cats II', 'Cats I'])
})

test('no words remain of shows that are deleted all at once', async () => {
  await createShow('Cats')
  await db.sql('truncate shows cascade')
  expect(await words()).toEqual([])
})

test('a sale does not change the words of its show', async () => {
  const cats = await createShow('Cats')
  const rows = () => db.sql('select ctid::text, xmin::text from show_words')
  const before = await rows()
  await tickets.book(cats, { count: 2 })
  expect(await rows()).toEqual(before)
})

test.each([
  ['so few that each is looked up', 63],
  ['one too many', 64],
  ['many', 200],
])('words that begin with the same letters, %s: the first shows are found', async (_, count) => {
  await db.sql(
    // The order of the words is not the order of their shows, and one show has two of the words.
    `insert into shows (id, name, start_time, time_zone, total_seats, booked_seats)
     select gen_random_uuid(),
            'Act' || n || case n when 5 then ' Act' || ${count} else '' end,
            now() - make_interval(hours => n), 'UTC', 8, '\\x00'
     from generate_series(0, ${count} - 1) as n`,
  )
  const names = await namesWith('act', 1000)
  expect(names.slice(0, 2)).toEqual([`Act${count - 1}`, `Act${count - 2}`])
  expect(names).toHaveLength(count)
  for (const limit of [1, 20]) expect(await namesWith('act', limit)).toEqual(names.slice(0, limit))
})

test('an upgrade stores the words of the shows, for roles that may read those', async () => {
  await createShow('Das Käthchen von Heilbronn')
  await db.sql('grant select on shows to public')
  await core.knex.transaction(down)
  expect(await db.sql(`select from pg_proc where proname = 'words_of'`)).toEqual([])
  await createShow('Käthe', new Date('2040-12-26T19:00:00Z'))
  await core.knex.transaction(up)
  expect(await words()).toEqual(['das', 'heilbronn', 'käthchen', 'käthe', 'von'])
  expect(await namesWith('käth')).toEqual(['Das Käthchen von Heilbronn', 'Käthe'])
  expect(
    await db.sql(`select has_table_privilege('public', 'show_words', 'select') as reads,
                         has_table_privilege('public', 'show_words', 'insert') as writes`),
  ).toEqual([{ reads: true, writes: false }])
})

async function createShow(name: string, startTime = STARTS): Promise<string> {
  return (await tickets.createShow({ name, startTime, totalSeats: 10 })).id
}

async function words(): Promise<string[]> {
  const rows = await db.sql<{ word: string }>(
    `select convert_from(word, 'UTF8') as word from show_words order by show_words.word`,
  )
  return rows.map(({ word }) => word)
}

async function namesWith(search: string, limit = 20): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of tickets.listShows({ search, limit })) names.push(name)
  return names
}
