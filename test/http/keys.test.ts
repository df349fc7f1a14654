import { expect, it } from 'vitest'
import { ask, createShow, serveHere } from '../support/http.js'
import { runInProcess } from '../support/in-process.js'
import { serveFile } from '../support/serve-file.js'
import { insertShow } from '../support/shows.js'

const server = serveFile({ requireToken: true })

/** A client with its own token, which books under a key. */
async function client(name: string) {
  const { token, text } = await server.tickets.createToken({ name, role: 'box-office' })
  const book = (show: string, key: string, body: object = { seats_count: 1 }) =>
    ask(`${server.url}/shows/${show}/book`, {
      body,
      headers: { authorization: `Bearer ${text}`, 'idempotency-key': key },
    })
  return { id: token.id, book }
}

it('two tokens with the same key and the same request book twice, and each replays its own booking', async () => {
  const show = await insertShow(server.db)
  // Two tokens may have the same name: a key belongs to the id.
  const [ada, bob] = [await client('till'), await client('till')]
  const [first, other] = [await ada.book(show, 'k1'), await bob.book(show, 'k1')]
  expect([first.status, other.status]).toEqual([201, 201])
  expect([first.body.replayed, other.body.replayed]).toEqual([false, false])
  expect(other.body.id).not.toBe(first.body.id)
  for (const [{ book }, { body }] of [
    [ada, first],
    [bob, other],
  ] as const) {
    const again = await book(show, 'k1')
    expect([again.status, again.body]).toEqual([200, { ...body, replayed: true }])
    expect((await book(show, 'k1', { seats_count: 2 })).body.error.code).toBe('KEY_REUSED')
  }
})

it('many requests of two tokens with one key, decided in the same batches, make one booking for each token', async () => {
  const show = await insertShow(server.db, { seats: 100 })
  const clients = [await client('till 1'), await client('till 2')]
  const answers = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const { id, book } = clients[i % 2]!
      return { id, ...(await book(show, 'crowd')) }
    }),
  )
  for (const { id } of clients) {
    const own = answers.filter((answer) => answer.id === id)
    expect(new Set(own.map(({ body }) => body.id)).size).toBe(1)
    expect(own.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(own.filter(({ status }) => status === 200)).toHaveLength(19)
  }
  expect((await server.tickets.viewShow(show)).confirmedSeats).toBe(2)
})

it('an expired hold is replayed as expired', async () => {
  const show = await insertShow(server.db)
  const { book } = await client('till')
  const body = { seats: [1], hold: '1m' }
  expect((await book(show, 'expiring', body)).body).not.toHaveProperty('expired')
  await server.db.sql(`update bookings set held_until = clock_timestamp() where key = 'expiring'`)
  const again = await book(show, 'expiring', body)
  expect([again.status, again.body]).toMatchObject([200, { status: 'HELD', expired: true }])
})

it('a refusal is replayed only to its own token', async () => {
  const show = await insertShow(server.db)
  const [ada, bob] = [await client('ada'), await client('bob')]
  await server.tickets.book(show, { seats: '1', customer: 'somebody' })
  const refused = await ada.book(show, 'refused', { seats: [1] })
  const again = await ada.book(show, 'refused', { seats: [1] })
  expect([refused.status, again.status]).toEqual([409, 409])
  expect(again.body.booking).toEqual({ ...refused.body.booking, replayed: true })
  const other = await bob.book(show, 'refused', { seats: [1] })
  expect(other.body.booking.id).not.toBe(refused.body.booking.id)
})

it("the command line and a token do not share a key, and no text typed there is a token's key", async () => {
  const show = await insertShow(server.db, { seats: 100 })
  const { id, book } = await client('till')
  const { body } = await book(show, 'k')
  for (const key of ['k', `${id}k`, `${id} k`, `${id}:k`, `${id}/k`, `("${id}",k)`]) {
    const args = ['book', show, '--count', '1', '--key', key, '--json']
    const typed = (await runInProcess(args, { DATABASE_URL: server.db.url })).json()
    expect([typed.status, typed.replayed]).toEqual(['CONFIRMED', false])
    const repeated = (await runInProcess(args, { DATABASE_URL: server.db.url })).json()
    expect([repeated.id, repeated.replayed]).toEqual([typed.id, true])
  }
  expect((await book(show, 'k')).body).toEqual({ ...body, replayed: true })
})

it('a server without tokens and the command line share their keys', async () => {
  const open = await serveHere(server.db.url)
  const show = await createShow(open.url)
  const made = (
    await runInProcess(['book', show, '--count', '1', '--key', 'shared', '--json'], {
      DATABASE_URL: server.db.url,
    })
  ).json()
  const again = await ask(`${open.url}/shows/${show}/book`, {
    body: { seats_count: 1 },
    headers: { 'idempotency-key': 'shared' },
  })
  expect([again.status, again.body]).toEqual([200, { ...made, replayed: true }])
  await open.close()
})

it('a key has up to 200 characters, with or without a token', async () => {
  const show = await insertShow(server.db)
  const { book } = await client('till')
  expect((await book(show, 'k'.repeat(200))).status).toBe(201)
  expect((await book(show, 'k'.repeat(200))).status).toBe(200)
  expect((await book(show, 'k'.repeat(201))).body.error.code).toBe('INVALID_INPUT')
})
