import { expect, it } from 'vitest'
import { tickets } from '../support/cli.js'
import { ask, createShow, watchSeats } from '../support/http.js'
import { serveFile } from '../support/serve-file.js'
import { until } from '../support/until.js'

const server = serveFile()

it('a watcher sees the house, and then every seat as it is sold, held and given back', async () => {
  const show = await createShow(server.url, { total_seats: 6 })
  await ask(`${server.url}/shows/${show}/book`, { body: { seats: [1] } })
  const leaving = new AbortController()
  const events = watchSeats(server.url, show, leaving.signal)
  const next = async () => (await events.next()).value
  expect(await next()).toEqual([
    'seats',
    { total: 6, booked: [1], held: [], available: [2, 3, 4, 5, 6] },
  ])
  await tickets(['book', show, '--seats', '2', '--json'], { db: server.db.url })
  expect(await next()).toEqual(['change', { booked: [2], held: [], available: [] }])
  const held = await ask(`${server.url}/shows/${show}/book`, { body: { seats: [3], hold: '1h' } })
  expect(await next()).toEqual(['change', { booked: [], held: [3], available: [] }])
  await ask(`${server.url}/bookings/${held.body.reference}/move`, { body: { to: [5] } })
  expect(await next()).toEqual(['change', { booked: [], held: [5], available: [3] }])
  await ask(`${server.url}/bookings/${held.body.reference}/confirm`, { method: 'POST' })
  expect(await next()).toEqual(['change', { booked: [5], held: [], available: [] }])
  leaving.abort()
})

it('fifty watchers of a show cost the database one listener, and none when they have left', async () => {
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

it('nobody watches a show that is not there', async () => {
  const answered = await ask(`${server.url}/shows/nothing-like-it/events`)
  expect([answered.status, answered.body.error.code]).toEqual([404, 'SHOW_NOT_FOUND'])
})
