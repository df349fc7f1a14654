import { expect, it } from 'vitest'
import { ask } from '../support/http.js'
import { serveFile } from '../support/serve-file.js'

const server = serveFile({ requireToken: true })

/** A client with its own token; returns its answers. */
async function bearer(name: string, role: 'admin' | 'box-office') {
  const { text } = await server.tickets.createToken({ name, role })
  const headers = { authorization: `Bearer ${text}` }
  return async (path: string, body: object) =>
    (await ask(server.url + path, { body, headers })).body
}

const newShow = { name: 'Cats', start_time: '2030-01-01T19:00:00Z', total_seats: 50 }

it('a change over HTTP is recorded under the name of the token', async () => {
  const office = await bearer('the office', 'admin')
  const till = await bearer('till 3', 'box-office')
  const door = await bearer('the door', 'box-office')
  const show = await office('/admin/shows', newShow)
  const { id } = await till(`/shows/${show.id}/book`, { seats: [1, 2], hold: 'forever' })
  await till(`/bookings/${id}/confirm`, {})
  await till(`/bookings/${id}/move`, { to: [3, 4] })
  await door(`/bookings/${id}/check-in`, { seats: [3] })
  await door(`/bookings/${id}/check-in`, { undo: true })
  await till(`/bookings/${id}/cancel`, { reason: 'ill' })
  const events = await server.db.sql<{ operator: string; action: string }>(
    `select operator, action from history where action <> 'held' order by id`,
  )
  expect(events).toEqual([
    { operator: 'the office', action: 'created' },
    { operator: 'till 3', action: 'confirmed' },
    { operator: 'till 3', action: 'moved' },
    { operator: 'the door', action: 'checked in' },
    { operator: 'the door', action: 'check-in undone' },
    { operator: 'till 3', action: 'cancelled' },
  ])
})

it('of several bookings made at once, each is recorded under the token of its client', async () => {
  const office = await bearer('the manager', 'admin')
  const { id } = await office('/admin/shows', newShow)
  const tills = await Promise.all([1, 2, 3].map((n) => bearer(`till ${n} of 3`, 'box-office')))
  await Promise.all(
    Array.from({ length: 30 }, (_, i) =>
      tills[i % 3]!(`/shows/${id}/book`, {
        // Sold, held, and refused.
        seats: [i < 27 ? i + 1 : 1],
        customer: `of till ${(i % 3) + 1} of 3`,
        ...(i % 2 === 0 && { hold: '1h' }),
      }),
    ),
  )
  const events = await server.db.sql<{ operator: string; customer: string; action: string }>(
    `select operator, after ->> 'customer' as customer, action from history
     where show_id = $1 and action <> 'created'`,
    [id],
  )
  expect(events).toHaveLength(30)
  expect(new Set(events.map(({ action }) => action))).toEqual(
    new Set(['confirmed', 'held', 'failed']),
  )
  for (const { operator, customer } of events) expect(customer).toBe(`of ${operator}`)
})
