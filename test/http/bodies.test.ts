import { connect, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { cloneDatabase } from '../support/database.js'
import { ask, createShow, serveHere } from '../support/http.js'
import { serveFile } from '../support/serve-file.js'
import { insertShow, isWaitingForLock, lockShow } from '../support/shows.js'
import { until } from '../support/until.js'

const MEBIBYTE = 1024 * 1024
const server = serveFile()

/**
 * A client that announces a body, sends nothing of it, and does not close its side when the server
 * closes the connection.
 */
function announce(serverUrl: string, request: string, ...headers: string[]): Socket {
  const { port, hostname } = new URL(serverUrl)
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true })
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  const lines = [`${request} HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json']
  socket.write([...lines, ...headers, '', ''].join('\r\n'))
  return socket
}

const ofOneMebibyte = `Content-Length: ${MEBIBYTE}`

async function requestsUnderWay(url: string): Promise<number> {
  const { body } = await ask(`${url}/metrics`)
  return Number(/tickets_http_requests_under_way (\d+)/.exec(body)![1])
}

it('silent connections announce as many bodies as there is room for, to a route that reads no body: seats are still sold', async () => {
  const many = await cloneDatabase()
  const show = await insertShow(many)
  await many.sql(
    `insert into shows (id, name, start_time, time_zone, total_seats, booked_seats)
     select gen_random_uuid(), repeat('Show', 40), '2030-01-01', 'UTC', 8, '\\x00'
     from generate_series(1, 20000)`,
  )
  const limits = { requests: 50, bytes: 4 * MEBIBYTE }
  const own = await serveHere(many.url, { limits, patienceMs: 500 })
  for (let i = 0; i < 4; i++) announce(own.url, 'GET /shows', ofOneMebibyte).pause()
  await until(async () => (await requestsUnderWay(own.url)) === 4)
  const booked = await ask(`${own.url}/shows/${show}/book`, { body: { seats: [1] } })
  expect(booked.status).toBe(201)
  await own.close()
  await many.drop()
})

it('64 silent bodies are not waited for longer than a request may take', async () => {
  const own = await serveHere(server.db.url, { arrivalMs: 500 })
  const show = await createShow(own.url)
  const book = () => ask(`${own.url}/shows/${show}/book`, { body: { seats_count: 1 } })
  const silent = Array.from({ length: 64 }, () =>
    announce(own.url, `POST /shows/${show}/book`, ofOneMebibyte),
  )
  const answers = silent.map((socket) => new Promise((resolve) => socket.once('data', resolve)))
  await until(async () => (await requestsUnderWay(own.url)) === 64)
  expect((await book()).body.error?.code).toBe('BUSY')
  expect((await ask(`${own.url}/shows/${show}`)).status).toBe(200)
  for (const answer of await Promise.all(answers)) expect(String(answer)).toContain(' 408 ')
  await until(async () => (await requestsUnderWay(own.url)) === 0)
  expect((await book()).status).toBe(201)
  await own.close()
})

it.each([
  ['GET', '/shows', ''],
  ['DELETE', '/shows', '405'],
  ['POST', '/nowhere', '404'],
  ['PUT', '/nowhere', '404'],
  ['POST', '/admin/shows', '401'],
  ['POST', '/bookings/2222-2222/cancel', '401'],
  ['POST', '/bookings/2222-2222/cancel', '403', 'read'],
  ['POST', '/admin/shows', '403', 'box-office'],
] as const)(
  '%s %s (%s) reserves no room for its body',
  async (method, path, status, role = undefined) => {
    const own = await serveHere(server.db.url, {
      requireToken: true,
      limits: { requests: 50, bytes: MEBIBYTE },
    })
    const clerk = await own.tickets.createToken({ name: 'clerk', role: 'admin' })
    const other = role && (await own.tickets.createToken({ name: role, role }))
    const socket = announce(
      own.url,
      `${method} ${path}`,
      ofOneMebibyte,
      ...(other ? [`Authorization: Bearer ${other.text}`] : []),
    )
    const answer = await new Promise((resolve) => socket.once('data', resolve))
    expect(String(answer)).toContain(`HTTP/1.1 ${status}`)
    const made = await ask(`${own.url}/admin/shows`, {
      body: { name: 'Cats', start_time: '2030-01-01T19:00Z', total_seats: 5 },
      headers: { authorization: `Bearer ${clerk.text}` },
    })
    expect(made.status).toBe(201)
    await own.close()
  },
)

it('a client above its rate reserves no room for its body', async () => {
  const own = await serveHere(server.db.url, {
    rate: 1,
    limits: { requests: 50, bytes: MEBIBYTE },
  })
  const show = await insertShow(server.db)
  const book = () => ask(`${own.url}/shows/${show}/book`, { body: { seats_count: 1 } })
  await until(async () => (await ask(`${own.url}/healthz`)).status === 429)
  const sockets = Array.from({ length: 5 }, () =>
    announce(own.url, `POST /shows/${show}/book`, ofOneMebibyte),
  )
  await Promise.all(sockets.map((each) => new Promise((resolve) => each.once('data', resolve))))
  await until(async () => (await book()).status !== 429)
  expect((await own.tickets.viewShow(show)).confirmedSeats).toBe(1)
  await own.close()
})

it('a body that has arrived makes room for the next, even while its request waits', async () => {
  const own = await serveHere(server.db.url, { limits: { requests: 50, bytes: 1000 } })
  const show = await createShow(own.url)
  const lock = await lockShow(server.db, show)
  const book = () =>
    ask(`${own.url}/shows/${show}/book`, { body: { seats_count: 1, note: 'n'.repeat(600) } })
  const first = book()
  await until(() => isWaitingForLock(server.db))
  const second = book()
  await until(async () => (await requestsUnderWay(own.url)) === 2)
  await lock.release()
  expect((await first).status).toBe(201)
  expect((await second).status).toBe(201)
  await own.close()
})

it('a body in chunks counts with the maximum length', async () => {
  const own = await serveHere(server.db.url, { limits: { requests: 50, bytes: MEBIBYTE - 1 } })
  const show = await createShow(own.url)
  const path = `POST /shows/${show}/book`
  const body = '{"seats_count":1}'
  const chunked = announce(own.url, path, 'Transfer-Encoding: chunked', 'Connection: close')
  const answer = new Promise((resolve) => chunked.once('data', resolve))
  chunked.write(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)
  expect(String(await answer)).toContain('HTTP/1.1 503 ')
  expect((await ask(`${own.url}/shows/${show}/book`, { body: { seats_count: 1 } })).status).toBe(
    201,
  )
  await own.close()
})

/**
 * A show in a house of 34,000 sections with long names, whose plan has nearly 2,000,000 characters.
 */
function showOfLongestPlan() {
  const sections = Array.from({ length: 34_000 }, (_, at) => {
    const own = String.fromCodePoint(0x4e00 + (at % 5000), 0x4e00 + Math.floor(at / 5000))
    return `section ${'漢'.repeat(38)}${own}\nA  1-2\n`
  })
  return { name: 'Lear', start_time: '2030-01-01T19:00Z', plan: sections.join('\n') }
}

it('a new show may have any plan; no other body may be as large', async () => {
  const body = showOfLongestPlan()
  expect(body.plan.length).toBeGreaterThan(1_900_000)
  const made = await ask(`${server.url}/admin/shows`, { body })
  expect([made.status, made.body.total_seats]).toEqual([201, 68_000])
  const spaces = (length: number) => `{${' '.repeat(length - 2)}}`
  for (const [path, length, status] of [
    ['/admin/shows', 8 * MEBIBYTE, 400],
    ['/admin/shows', 8 * MEBIBYTE + 1, 413],
    [`/shows/${made.body.id}/book`, MEBIBYTE + 1, 413],
    [`/bookings/2222-2222/move`, MEBIBYTE + 1, 413],
  ] as const) {
    expect((await ask(`${server.url}${path}`, { body: spaces(length) })).status).toBe(status)
  }
})

it('a plan that is arriving reserves room for its length', async () => {
  const own = await serveHere(server.db.url, {
    limits: { requests: 50, bytes: 8 * MEBIBYTE },
    patienceMs: 200,
  })
  announce(own.url, 'POST /admin/shows', `Content-Length: ${7 * MEBIBYTE + 1}`)
  await until(async () => (await requestsUnderWay(own.url)) === 1)
  const chunked = announce(own.url, 'POST /admin/shows', 'Transfer-Encoding: chunked')
  const answer = new Promise((resolve) => chunked.once('data', resolve))
  expect(String(await answer)).toContain('HTTP/1.1 503 ')
  const show = await createShow(server.url)
  const booked = await ask(`${own.url}/shows/${show}/book`, { body: { seats_count: 1 } })
  expect(booked.status).toBe(201)
  await own.close()
})
