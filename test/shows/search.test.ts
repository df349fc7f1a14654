import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTickets, type Show, type ShowFilter, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { withFacts } from '../support/wording.js'

/**
 * Searches by words: by rare ones, which the table of words answers, and by common ones, in lists
 * that are longer than what is scanned before the index of words is used: 1,024 shows and then
 * 16,384, 256 bookings and then 4,096.
 */

const SHOWS = 20_000
const BOOKINGS = 6_000

let db: TestDatabase
let tickets: Tickets
/** Every show, in the order of the list. */
let all: Show[]
/** The customer of every booking, in the order of the list. */
let bookings: { name: string }[]
beforeAll(async () => {
  db = await cloneDatabase()
  // Three begin at the same time, and half of them have begun.
  await db.sql(
    `insert into shows (id, name, start_time, time_zone, total_seats, booked_seats)
     select gen_random_uuid(),
            case when n = 999 then 'Das Käthchen von Heilbronn' when n % 100 = 0 then 'King Lear'
                 when n % 1000 = 1 then 'Richard III' else 'The Magic Flute' end
            || case when n % 3 = 0 then ', after Mozart' else '' end
            || case when n < 800 and n % 90 = 7 then ' Early' else '' end
            || case when n > 19000 then ' Late' else '' end || ' No' || n,
            now() + (n / 3 - ${SHOWS / 6}) * interval '1 h', 'UTC', 8, '\\x00'
     from generate_series(1, ${SHOWS}) as n`,
  )
  await db.sql(
    `insert into bookings (id, reference, show_id, status, seats, customer)
     select lpad(to_hex(n), 32, '0')::uuid, translate(lpad(to_hex(n), 8, '0'), '01abcdef', 'GHABCDEF'),
            (select id from shows where name like '%No1'), 'CANCELLED', array[1],
            case when n % 10 = 9 then null else
              case when n % 50 = 0 then 'Ada' when n % 1000 = 1 then 'Grace' else 'Charles' end
              || case when n > 5000 then ' Late' else '' end || ' No' || n end
     from generate_series(1, ${BOOKINGS}) as n`,
  )
  // Of each ten shows, one is cancelled, one is sold out, and one has its last seats held.
  await db.sql(
    `update shows set cancelled_at = case when name ~ '1$' then now() end,
                      booked_seats = case when name ~ '2$' then '\\xff' else booked_seats end::bytea,
                      confirmed_seats_count = case when name ~ '2$' then 8 else 0 end
     where name ~ '[12]$'`,
  )
  await db.sql(
    `insert into bookings (id, reference, show_id, status, seats)
     select gen_random_uuid(), translate(lpad(n::text, 8, 'Z'), '01', 'VW'), id, 'HELD', '{1,2,3,4,5,6,7,8}'
     from (select id, row_number() over () as n from shows where name ~ '3$') as held`,
  )
  await db.sql('analyze shows, bookings')
  tickets = openTickets({ database: db.url })
  all = await shows({})
  bookings = await db.sql(
    `select coalesce(customer, '') as name from bookings where status <> 'HELD' order by id`,
  )
})
afterAll(async () => {
  await tickets.close()
  await db.drop()
})

describe.each([
  ['a word of every show', 'no'],
  ['a word of one show', 'No739'],
  ['a word of one in three', 'mozart'],
  ['a word of one in a hundred', 'lear'],
  ['a word of one in a thousand', 'Richard'],
  ['a word that ends after the first rows', 'early'],
  ['a word that begins after everything that is scanned', 'late'],
  ['the beginning of a word', 'käth'],
  ['the beginning of a thousand words', 'no12'],
  ['a whole name', 'The Magic Flute No731'],
  ['words in another order and case', 'no73 MAGIC'],
  ['two words that are never in one name', 'lear magic'],
  ['a rare and a common word', 'mozart lear'],
  ['two words of every show, and a late one', 'no the late'],
  ['two words that are first in one name late in the list', 'LATE lear'],
  ['a word twice', 'lear lear'],
  ['a word between other characters', "& lear ' | !"],
  ['only other characters', '& |'],
  ['a word that contains another character', 'flute,'],
])('%s finds the same shows as a scan of every name: %s', (_what, search) => {
  test('all of them, and the first', async () => {
    const expected = withWords(all, search)
    expect(await found({ search })).toEqual(expected)
    for (const limit of [1, 7, 20, 150]) {
      expect(await found({ search, limit })).toEqual(expected.slice(0, limit))
    }
  })

  test('shows that are still to come', async () => {
    const upcoming = all.filter(({ startTime }) => startTime.getTime() > Date.now())
    const expected = withWords(upcoming, search).slice(0, 20)
    expect(await found({ search, upcoming: true, limit: 20 })).toEqual(expected)
  })

  test('shows that have begun, the latest first', async () => {
    const past = all.filter(({ startTime }) => startTime.getTime() <= Date.now()).reverse()
    const expected = withWords(past, search)
    for (const limit of [20, 150]) {
      const filter = { search, past: true, latestFirst: true, limit }
      expect(await found(filter)).toEqual(expected.slice(0, limit))
    }
  })

  test('shows that have free seats', async () => {
    const expected = withWords(all.filter(sells), search)
    for (const limit of [1, 20]) {
      expect(await found({ search, onSale: true, limit })).toEqual(expected.slice(0, limit))
    }
  })

  test('page by page, from either end', async () => {
    for (const latestFirst of [false, true]) {
      const whole = latestFirst ? [...all].reverse() : all
      const expected = withWords(whole, search).slice(0, 100)
      const pages = await shows({ search, latestFirst, limit: 20 })
      while (pages.length > 0 && pages.length < expected.length) {
        const after = pages.at(-1)!.id
        pages.push(...(await shows({ search, latestFirst, limit: 20, after })))
      }
      expect(pages.map(({ name }) => name)).toEqual(expected)
    }
  })

  test('after a show that does not match', async () => {
    for (const place of [500, 9_999, 18_500, 19_998]) {
      const expected = withWords(all.slice(place + 1), search).slice(0, 20)
      expect(await found({ search, limit: 20, after: all[place]!.id })).toEqual(expected)
    }
  })
})

test.each([
  ['a customer of every booking', 'no'],
  ['a customer of one', 'No4711'],
  ['a customer of one in fifty', 'ada'],
  ['a customer of one in a thousand', 'grace'],
  ['a customer who appears late in the list', 'late'],
  ['a rare and a common word', 'late ada'],
])('%s finds the same bookings as a scan of all: %s', async (_what, customer) => {
  const expected = withWords(bookings, customer)
  for (const limit of [1, 20, 150, BOOKINGS]) {
    const page: string[] = []
    for await (const booking of tickets.listBookings({ customer, limit })) {
      page.push(booking.customer!)
    }
    expect(page).toEqual(expected.slice(0, limit))
  }
})

test('a search that is longer than any name is refused, and not sent', async () => {
  await expect(found({ search: 'a '.repeat(50_000) })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: withFacts('100000', '400'),
  })
})

/** Characters of four bytes, joined and as separate words: nothing takes more room in an index. */
test('a show can have the longest possible name, and is found by it', async () => {
  const letters = (from: number) =>
    Array.from({ length: 66 }, (_, i) =>
      String.fromCodePoint(0x20000 + (((from + i) * 7919) % 40000)),
    )
  const name = [letters(0), letters(66), letters(132)].map((word) => word.join('')).join('-')
  expect([...name]).toHaveLength(200)
  const { id } = await tickets.createShow({ name, startTime: new Date(), totalSeats: 1 })
  expect(await shows({ search: [...name].slice(0, 50).join('') })).toMatchObject([{ id }])
})

/** The names, without duplicates, that have a word beginning with each word of `search`. */
function withWords(rows: { name: string }[], search: string): string[] {
  const words = search.toLowerCase().match(WORDS) ?? []
  const hasAll = (name: string) => {
    const own = name.toLowerCase().match(WORDS) ?? []
    return words.length > 0 && words.every((word) => own.some((each) => each.startsWith(word)))
  }
  return rows.map(({ name }) => name).filter(hasAll)
}

function sells({ cancelledAt, totalSeats, confirmedSeats, heldSeats }: Show): boolean {
  return cancelledAt === null && confirmedSeats + heldSeats < totalSeats
}

const WORDS = /[\p{L}\p{N}]+/gu

async function found(filter: ShowFilter): Promise<string[]> {
  return (await shows(filter)).map(({ name }) => name)
}

async function shows(filter: ShowFilter): Promise<Show[]> {
  const listed: Show[] = []
  for await (const show of tickets.listShows(filter)) listed.push(show)
  return listed
}
