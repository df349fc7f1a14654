import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { ask, createShow, serveHere, serveProcess, watchSeats } from '../support/http.js'
import { runInProcess } from '../support/in-process.js'
import { type OwnServer, startOwnServer } from '../support/own-server.js'
import { holdLock, insertShow, isWaitingForLock, lockShow } from '../support/shows.js'
import { until } from '../support/until.js'
import { withFacts } from '../support/wording.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())

/** Waits until a server accepts no more connections. */
async function untilRefused(url: string): Promise<void> {
  const { port, hostname } = new URL(url)
  await until(
    () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(Number(port), hostname)
        socket.on('connect', () => resolve(false)).on('error', () => resolve(true))
        socket.on('connect', () => socket.destroy())
      }),
  )
}

it('SIGTERM: running requests are finished and answered, new ones are not accepted, exit code 0', async () => {
  const server = await serveProcess(db.url)
  const show = await createShow(server.url)
  const watching = await fetch(`${server.url}/shows/${show}/events`)
  const kept = new Agent({ keepAlive: true, maxSockets: 1 })
  await new Promise((resolve) => {
    request(`${server.url}/healthz`, { agent: kept }, (response) =>
      response.resume().on('end', resolve),
    ).end()
  })
  const lock = await lockShow(db, show)
  const booking = ask(`${server.url}/shows/${show}/book`, { body: { seats: [1] } })
  await until(() => isWaitingForLock(db))

  const ended = server.stop()
  await untilRefused(server.url)
  expect(server.child.exitCode).toBe(null)
  await lock.release()
  expect(await booking).toMatchObject({ status: 201, body: { seats: [1] } })
  expect(await ended).toBe(0)
  await watching.text() // The event stream ends as well.
  kept.destroy()
  expect(server.stderr()).toMatch(/"requests":1,"msg":"closing"/)
  expect(server.stderr()).not.toMatch(/"level":(50|60)/)
})

it('SIGTERM: a slow reader gets every response that was begun in full', async () => {
  const server = await serveProcess(db.url)
  const show = await createShow(server.url, { total_seats: 100_000 })
  const reader = askForMuch(server.url, show)
  await until(() => isStuck(server.url))
  const ended = server.stop()
  await untilRefused(server.url)
  const answers = (await text(reader)).split('HTTP/1.1 200 OK').slice(1)
  for (const answer of answers) {
    const [head, body] = answer.split('\r\n\r\n')
    expect(head).toContain(`content-length: ${body!.length}`)
  }
  expect(await ended).toBe(0)
})

/** Requests more than fits into the buffers of a connection, and reads nothing. */
function askForMuch(serverUrl: string, show: string): Socket {
  const { port, hostname } = new URL(serverUrl)
  const reader = connect(Number(port), hostname).on('error', () => {})
  reader.write(`GET /shows/${show}/seats HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(100))
  return reader
}

/** Whether the server waits for a client to read a response. */
async function isStuck(serverUrl: string): Promise<boolean> {
  const answered = async () => {
    const { body } = await ask(`${serverUrl}/metrics`)
    return /duration_seconds_count\{.*\/seats",status="200"\} (\d+)/.exec(body)?.[1]
  }
  const before = await answered()
  return before !== undefined && before === (await answered())
}

it('with --json prints its address as its only document', async () => {
  const server = await serveProcess(db.url, ['--port', '0', '--json'])
  expect(JSON.parse(server.stdout())).toEqual({ url: server.url })
  expect(await server.stop()).toBe(0)
})

it('refuses a port in use and a database that is not migrated, before it listens', async () => {
  const server = await serveProcess(db.url)
  const taken = await runInProcess(['serve', '--port', new URL(server.url).port], {
    DATABASE_URL: db.url,
  })
  expect([taken.exitCode, taken.stderr]).toEqual([2, withFacts(new URL(server.url).port, '--port')])
  await server.stop()
  const empty = await cloneDatabase({ empty: true })
  const early = await runInProcess(['serve', '--port', '0', '--json'], { DATABASE_URL: empty.url })
  expect([early.exitCode, early.json().error.code]).toEqual([6, 'NOT_MIGRATED'])
  await empty.drop()
})

it('a request over the limit is answered at once with Retry-After, and those accepted are served', async () => {
  const server = await serveHere(db.url, { limits: { requests: 5, bytes: 10_000 } })
  const show = await createShow(server.url)
  const lock = await lockShow(db, show)
  const book = () => ask(`${server.url}/shows/${show}/book`, { body: { seats_count: 1 } })
  const first = book()
  await until(() => isWaitingForLock(db))
  const others = Array.from({ length: 4 }, book)
  await until(async () => {
    const { body } = await ask(`${server.url}/metrics`)
    return body.includes('tickets_http_requests_under_way 5')
  })
  const refused = await book()
  expect([refused.status, refused.body.error.code, refused.body.error.retryable]).toEqual([
    503,
    'BUSY',
    true,
  ])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await ask(`${server.url}/healthz`)).status).toBe(200)
  await lock.release()
  for (const { status } of await Promise.all([first, ...others])) expect(status).toBe(201)
  const large = await ask(`${server.url}/shows/${show}/book`, {
    body: { note: 'a'.repeat(20_000) },
  })
  expect(large.status).toBe(503)
  expect((await book()).status).toBe(201)
  await server.close()
})

it('a database that goes away gives 503, and works again when it is back, also for watches', async () => {
  const own: OwnServer = await startOwnServer()
  const url = `postgresql://owner@/owner?host=${encodeURIComponent(own.socketDir)}&port=${own.port}`
  expect((await runInProcess(['migrate'], { DATABASE_URL: url })).exitCode).toBe(0)
  const server = await serveHere(url, { waitMs: 300 })
  const show = await createShow(server.url)
  const book = () => ask(`${server.url}/shows/${show}/book`, { body: { seats_count: 1 } })
  expect((await book()).status).toBe(201)
  // Holds are read every second.
  await ask(`${server.url}/shows/${show}/book`, { body: { seats: [9], hold: '1h' } })
  const leaving = new AbortController()
  const watcher = watchSeats(server.url, show, leaving.signal)
  expect((await watcher.next()).value).toEqual(['seats', expect.objectContaining({ held: [9] })])

  await own.stop('immediate')
  const refused = await book()
  expect([refused.status, refused.body.error.retryable]).toEqual([503, true])
  expect(refused.headers.get('retry-after')).toBe('1')
  expect((await ask(`${server.url}/shows`)).status).toBe(503)
  expect((await ask(`${server.url}/readyz`)).status).toBe(503)
  expect((await ask(`${server.url}/healthz`)).status).toBe(200)
  // Each takes its time: together they last longer than a watch waits.
  for (let i = 0; i < 8; i++) expect((await book()).status).toBe(503)

  await own.start()
  await until(async () => (await ask(`${server.url}/readyz`)).status === 200)
  expect((await book()).status).toBe(201)
  const seen = (await watcher.next()).value
  expect(seen).toEqual(['change', { booked: [2], held: [], available: [] }])
  leaving.abort()
  await server.close()
  await own.remove()
})

it('is not ready while a migration is missing, and names it', async () => {
  const bare = await cloneDatabase()
  await bare.sql(`delete from knex_migrations where id = (select max(id) from knex_migrations)`)
  const server = await serveHere(bare.url)
  const { status, body } = await ask(`${server.url}/readyz`)
  expect([status, body.error.code]).toEqual([503, 'NOT_MIGRATED'])
  await server.close()
  await bare.drop()
})

it('a long list stops costing anything when its client disconnects', async () => {
  const many = await cloneDatabase()
  await insertShow(many)
  await many.sql(
    `insert into shows (id, name, start_time, time_zone, total_seats, booked_seats)
     select gen_random_uuid(), repeat('Show', 40), '2030-01-01', 'UTC', 8, '\\x00'
     from generate_series(1, 20000)`,
  )
  const server = await serveHere(many.url)
  const leaving = new AbortController()
  const response = await fetch(`${server.url}/shows`, { signal: leaving.signal })
  await response.body!.getReader().read()
  leaving.abort()
  await until(() => server.log().includes('"status":499'))
  await until(async () =>
    (await ask(`${server.url}/metrics`)).body.includes('tickets_http_requests_under_way 0'),
  )
  await server.close()
  await many.drop()
})

it('a client that reads nothing of its response is disconnected after a time', async () => {
  const server = await serveHere(db.url, { stallMs: 500 })
  // Not over HTTP: on a busy machine, it could be taken for such a client.
  const show = await insertShow(db, { seats: 100_000 })
  const reader = askForMuch(server.url, show)
  await until(() => server.log().includes('"status":499'))
  await until(async () => (await requestsUnderWay(server.url)) === 0)
  reader.destroy()
  await server.close()
})

it('a client that reads nothing of its response does not keep a server from ending', async () => {
  const server = await serveHere(db.url, { patienceMs: 500 })
  const show = await insertShow(db, { seats: 100_000 })
  const reader = askForMuch(server.url, show)
  const cut = once(reader, 'close')
  await until(() => isStuck(server.url))
  await server.close()
  // The server disconnects it without waiting: it gets only what was already sent.
  reader.resume()
  await cut
})

/** Sends `count` bookings on a connection without waiting for an answer. */
function sendBookings(serverUrl: string, show: string, count: number): Socket {
  const { port, hostname } = new URL(serverUrl)
  const booking = `POST /shows/${show}/book HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{"seats_count":1}`
  const socket = connect(Number(port), hostname).on('error', () => {})
  socket.write(booking.repeat(count))
  return socket
}

async function requestsUnderWay(serverUrl: string): Promise<number> {
  const { body } = await ask(`${serverUrl}/metrics`)
  return Number(/tickets_http_requests_under_way (\d+)/.exec(body)![1])
}

async function openStreams(serverUrl: string): Promise<number> {
  const { body } = await ask(`${serverUrl}/metrics`)
  return Number(/tickets_http_event_streams (\d+)/.exec(body)![1])
}

/** Sends `count` requests for the events of a show on a connection without reading a response. */
function pipelineStreams(serverUrl: string, show: string, count: number): Socket {
  const { port, hostname } = new URL(serverUrl)
  const socket = connect(Number(port), hostname).on('error', () => {})
  socket.write(`GET /shows/${show}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(count))
  return socket
}

it('connections that are cut with pipelined requests on them leave no request running', async () => {
  const server = await serveHere(db.url)
  const show = await createShow(server.url)
  const lock = await lockShow(db, show)
  const socket = sendBookings(server.url, show, 20)
  await until(async () => (await requestsUnderWay(server.url)) === 20)
  socket.resetAndDestroy()
  await until(() => server.log().split('"status":499').length === 21)
  // They are booked although no client waits for them.
  expect(await requestsUnderWay(server.url)).toBe(20)
  await lock.release()
  await until(async () => (await requestsUnderWay(server.url)) === 0)
  await server.close()
})

it('a connection that is cut with pipelined event streams on it leaves none open, and its address can open as many again', async () => {
  const server = await serveHere(db.url, { perAddress: { connections: 50, streams: 20 } })
  const show = await createShow(server.url)
  for (let i = 0; i < 2; i++) {
    const socket = pipelineStreams(server.url, show, 20)
    await until(async () => (await openStreams(server.url)) === 20)
    socket.resetAndDestroy()
    await until(async () => (await openStreams(server.url)) === 0)
  }
  expect(server.log()).not.toMatch(/"level":(40|50|60)/)
  await server.close()
})

it('event streams whose connection is cut before their show is found are not opened', async () => {
  const server = await serveHere(db.url, { perAddress: { connections: 50, streams: 5 } })
  const show = await createShow(server.url)
  const lock = await holdLock(db, 'lock table shows in access exclusive mode')
  const socket = pipelineStreams(server.url, show, 5)
  await until(() => isWaitingForLock(db, 5))
  socket.resetAndDestroy()
  await until(() => server.log().split('"status":499').length === 6)
  await lock.release()
  await until(async () => {
    const active = `select from pg_stat_activity where datname = current_database()
      and state = 'active' and pid <> pg_backend_pid()`
    return (await db.sql(active)).length === 0
  })
  // Its response comes after those for the streams.
  expect((await ask(`${server.url}/shows/${show}`)).status).toBe(200)
  expect(await openStreams(server.url)).toBe(0)
  expect(server.log()).not.toMatch(/"level":(40|50|60)/)
  await server.close()
})

it('SIGTERM: bookings whose clients have disconnected are finished as well', async () => {
  const server = await serveProcess(db.url)
  // More shows than connections, so that some bookings wait for one.
  const shows = await Promise.all(Array.from({ length: 15 }, () => createShow(server.url)))
  const locks = await Promise.all(shows.map((show) => lockShow(db, show)))
  const sockets = shows.map((show) => sendBookings(server.url, show, 10))
  await until(async () => (await requestsUnderWay(server.url)) === 150)
  for (const socket of sockets) socket.resetAndDestroy()
  await until(() => server.stderr().split('"status":499').length === 151)
  const ended = server.stop()
  await untilRefused(server.url)
  for (const lock of locks) await lock.release()
  expect(await ended).toBe(0)
  expect(server.stderr()).not.toMatch(/"level":(50|60)/)
  const outcomes = await db.sql(
    'select status, count(*)::int as n from bookings where show_id = any($1) group by status',
    [shows],
  )
  expect(outcomes).toEqual([{ status: 'CONFIRMED', n: 150 }])
})
