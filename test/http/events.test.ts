import { expect, it } from 'vitest'
import { ask, createShow, watchSeats } from '../support/http.js'
import { runInProcess } from '../support/in-process.js'
import { serveFile } from '../support/serve-file.js'
import { insertShow } from '../support/shows.js'
import { until } from '../support/until.js'

const server = serveFile()

it('a watch sends the house, and then every seat as it is sold, held and given back', async () => {
  const show = await createShow(server.url, { total_seats: 6 })
  await ask(`${server.url}/shows/${show}/book`, { body: { seats: [1] } })
  const leaving = new AbortController()
  const events = watchSeats(server.url, show, leaving.signal)
  const next = async () => (await events.next()).value
  expect(await next()).toEqual([
    'seats',
    { total: 6, booked: [1], held: [], available: [2, 3, 4, 5, 6] },
  ])
  await runInProcess(['book', show, '--seats', '2', '--json'], { DATABASE_URL: server.db.url })
  expect(await next()).toEqual(['change', { booked: [2], held: [], available: [] }])
  const held = await ask(`${server.url}/shows/${show}/book`, { body: { seats: [3], hold: '1h' } })
  expect(await next()).toEqual(['change', { booked: [], held: [3], available: [] }])
  await ask(`${server.url}/bookings/${held.body.reference}/move`, { body: { to: [5] } })
  expect(await next()).toEqual(['change', { booked: [], held: [5], available: [3] }])
  await ask(`${server.url}/bookings/${held.body.reference}/confirm`, { method: 'POST' })
  expect(await next()).toEqual(['change', { booked: [5], held: [], available: [] }])
  leaving.abort()
})

it('fifty watches of a show use one listener of the database, and none after they end', async () => {
  const show = await createShow(server.url)
  const leaving = new AbortController()
  const watchers = Array.from({ length: 50 }, () => watchSeats(server.url, show, leaving.signal))
  for (const [event] of (await Promise.all(watchers.map((each) => each.next()))).map(
    (e) => e.value,
  )) {
    expect(event).toBe('seats')
  }
  const listeners = async () => {
    const rows = await server.db.sql<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity
       where datname = current_database() and query like 'listen %'`,
    )
    return rows[0]!.n
  }
  await until(async () => (await listeners()) === 1)
  await ask(`${server.url}/shows/${show}/book`, { body: { seats: [9] } })
  for (const each of watchers) {
    expect((await each.next()).value).toEqual(['change', { booked: [9], held: [], available: [] }])
  }
  leaving.abort()
  await until(async () => (await listeners()) === 0)
  expect((await ask(`${server.url}/metrics`)).body).toContain('tickets_http_event_streams 0')
})

const connections = async () => {
  const rows = await server.db.sql<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity
     where datname = current_database() and application_name = 'tickets'`,
  )
  return rows[0]!.n
}

it('150 watches of 150 shows use one listener of the database, and each sees its own show', async () => {
  const shows = await Promise.all(Array.from({ length: 150 }, () => insertShow(server.db)))
  const leaving = new AbortController()
  const watchers = shows.map((show) => watchSeats(server.url, show, leaving.signal))
  for (const { value } of await Promise.all(watchers.map((each) => each.next()))) {
    expect(value).toEqual(['seats', expect.objectContaining({ total: 10, booked: [] })])
  }
  expect((await ask(`${server.url}/metrics`)).body).toContain('{state="listening"} 1')
  // Ten for requests, and the listener.
  expect(await connections()).toBeLessThanOrEqual(11)
  await Promise.all(
    shows.map((show, i) =>
      ask(`${server.url}/shows/${show}/book`, { body: { seats: [(i % 10) + 1] } }),
    ),
  )
  for (const [i, each] of watchers.entries()) {
    const booked = [(i % 10) + 1]
    expect((await each.next()).value).toEqual(['change', { booked, held: [], available: [] }])
  }
  leaving.abort()
  await until(async () =>
    (await ask(`${server.url}/metrics`)).body.includes('{state="listening"} 0'),
  )
})

it('a client that joins an open feed after a sale sees that sale, and the next one', async () => {
  const show = await createShow(server.url, { total_seats: 5 })
  const leaving = new AbortController()
  const first = watchSeats(server.url, show, leaving.signal)
  await first.next()
  for (const seat of [1, 2, 3]) {
    expect(
      (await ask(`${server.url}/shows/${show}/book`, { body: { seats: [seat] } })).status,
    ).toBe(201)
    // Between two polls of the feed, before it has seen the sale.
    const late = watchSeats(server.url, show, leaving.signal)
    const seen = new Set<number>()
    while (!seen.has(seat)) {
      const [, { booked }] = (await late.next()).value as [string, { booked: number[] }]
      for (const each of booked) seen.add(each)
    }
    expect([...seen]).toEqual(Array.from({ length: seat }, (_, i) => i + 1))
  }
  leaving.abort()
})

it('a watch sends the whole house again when it has grown', async () => {
  const show = await createShow(server.url, { total_seats: 3 })
  const leaving = new AbortController()
  const events = watchSeats(server.url, show, leaving.signal)
  expect((await events.next()).value).toEqual(['seats', expect.objectContaining({ total: 3 })])
  await server.tickets.editShow(show, { totalSeats: 5 })
  await ask(`${server.url}/shows/${show}/book`, { body: { seats: [5] } })
  let latest = (await events.next()).value!
  if (latest[0] === 'seats' && (latest[1] as { booked: number[] }).booked.length === 0) {
    latest = (await events.next()).value!
    expect(latest).toEqual(['change', { booked: [5], held: [], available: [] }])
  } else {
    expect(latest).toEqual(['seats', { total: 5, booked: [5], held: [], available: [1, 2, 3, 4] }])
  }
  leaving.abort()
})

it('a show that does not exist cannot be watched', async () => {
  const answered = await ask(`${server.url}/shows/nothing-like-it/events`)
  expect([answered.status, answered.body.error.code]).toEqual([404, 'SHOW_NOT_FOUND'])
})
