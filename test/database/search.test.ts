import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTickets, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'

/** Searches for words, in a list that is longer than what is looked at before the index is asked. */

let db: TestDatabase
let tickets: Tickets
beforeAll(async () => {
  db = await cloneDatabase()
  // Every third is by Mozart, every hundredth is King Lear, the last but one is Käthe.
  await db.sql(
    `insert into shows (id, name, start_time, time_zone, total_seats, booked_seats)
     select gen_random_uuid(),
            case when n = 999 then 'Das Käthchen von Heilbronn' when n % 100 = 0 then 'King Lear'
                 else 'The Magic Flute' end
            || case when n % 3 = 0 then ', after Mozart' else '' end || ' No' || n,
            timestamptz '2030-01-01 19:00Z' + n * interval '1 h', 'UTC', 8, '\\x00'
     from generate_series(1, 1000) as n`,
  )
  tickets = openTickets({ database: db.url })
})
afterAll(async () => {
  await tickets.close()
  await db.drop()
})

test.each([
  ['a word of every show', 'no'],
  ['a word of one show', 'No739'],
  ['a word of one in a hundred', 'lear'],
  ['the beginning of a word', 'käth'],
  ['a whole name', 'The Magic Flute No731'],
  ['words in another order and case', 'no73 MAGIC'],
  ['two words that never meet', 'lear magic'],
  ['a rare and a common word', 'mozart lear'],
  ['a word twice', 'lear lear'],
  ['a word among signs', "& lear ' | !"],
  ['signs alone', '& |'],
  ['a word with a sign in it', 'flute,'],
])('%s finds the shows that a look at every name finds: %s', async (_what, search) => {
  const all = await names({})
  const words = search.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  const hasAll = (name: string) => {
    const own = name.toLowerCase().match(/[\p{L}\p{N}]+/gu)!
    return words.length > 0 && words.every((word) => own.some((each) => each.startsWith(word)))
  }
  const expected = all.filter(hasAll)
  expect(await names({ search })).toEqual(expected)
  expect(await names({ search, limit: 7 })).toEqual(expected.slice(0, 7))
})

test('a search that is longer than any name is refused, and not sent', async () => {
  await expect(names({ search: 'a '.repeat(50_000) })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: 'The search has 100000 characters; at most 400 are allowed.',
  })
})

async function names(filter: { search?: string; limit?: number }): Promise<string[]> {
  const found: string[] = []
  for await (const { name } of tickets.listShows(filter)) found.push(name)
  return found
}
