import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { startPair } from '../cluster/pair.js'
import { startBooking } from '../support/booking-process.js'
import { ask, type ServerProcess, serveProcess } from '../support/http.js'
import { findPgbouncers, startPgbouncer } from '../support/pgbouncer.js'
import { openProxy } from '../support/proxy.js'
import { lockShow } from '../support/shows.js'
import { until } from '../support/until.js'
import { openBoxOffice } from './box-office.js'

const WAIT_MS = 3000
/** The grace of the program. */
const GRACE_MS = 5000
/** A process may take this many times longer to start and end than now, as others run beside it. */
const SLOWER = 3

/** A fault that prevents bookings, and its end. */
interface Fault {
  /** The database URL to book with. */
  url: string
  show: string
  begin(): Promise<void>
  end(): Promise<void>
  remove(): Promise<void>
}

/** What `tickets serve` answers during the fault. */
interface DuringFault {
  booking: 201 | 503
  readyz: 200 | 503
}

const faults: [what: string, open: () => Promise<Fault | undefined>, meanwhile: DuringFault][] = [
  ['a silent host', () => swallowing(false), { booking: 503, readyz: 503 }],
  [
    'a connection that is black-holed after the login',
    () => swallowing(true),
    { booking: 503, readyz: 503 },
  ],
  ['a lost synchronous standby', lostStandby, { booking: 503, readyz: 503 }],
  ['a paused pooler', pausedPooler, { booking: 503, readyz: 503 }],
  // Other shows can still be booked.
  ['a locked show', lockedShow, { booking: 503, readyz: 200 }],
  // The server keeps the connections that it has.
  ['a full database server', fullServer, { booking: 201, readyz: 200 }],
]

// At the same time, as they mostly wait.
describe.concurrent.each(faults)('%s', (_what, open, meanwhile) => {
  test('book keeps to its --wait, and serve sells again without a restart', async ({ skip }) => {
    const trouble = await open()
    if (trouble === undefined) return skip('PgBouncer is not installed')
    const { url, show } = trouble
    const server = await serveProcess(url, ['--port', '0', '--wait', `${WAIT_MS}ms`])
    try {
      expect((await sell(server, show)).status).toBe(201)
      await untilReady(server, 200)
      const book = [show, '--count', '1', '--wait', `${WAIT_MS}ms`]
      const plain = await startBooking(url, book).ended
      expect(plain.exitCode).toBe(0)
      const longestMs = WAIT_MS + GRACE_MS + SLOWER * plain.ms
      await trouble.begin()

      const [process, request] = await Promise.all([
        startBooking(url, [...book, '--key', 'meanwhile']).ended,
        timed(() => sell(server, show)),
        untilReady(server, meanwhile.readyz),
      ])
      expect(process.exitCode).toBeOneOf([5, 6])
      expect(process.document.error).toMatchObject({ retryable: true })
      expect(process.ms).toBeLessThan(longestMs)
      expect(request.result.status).toBe(meanwhile.booking)
      expect(request.ms).toBeLessThan(longestMs)

      await trouble.end()
      const recovery = await timed(() =>
        until(async () => (await sell(server, show)).status === 201),
      )
      expect(recovery.ms).toBeLessThan(longestMs)
      await untilReady(server, 200)
      expect(await server.stop()).toBe(0)
    } finally {
      server.child.kill('SIGKILL')
      await trouble.remove()
    }
  })
})

const sell = ({ url }: ServerProcess, show: string) =>
  ask(`${url}/shows/${show}/book`, { body: { seats_count: 1 } })

const untilReady = ({ url }: ServerProcess, status: number) =>
  until(async () => (await ask(`${url}/readyz`)).status === status)

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const start = performance.now()
  const result = await work()
  return { ms: performance.now() - start, result }
}

/** Drops all packets: on all connections at once, or on each after its login. */
async function swallowing(isAfterLogin: boolean): Promise<Fault> {
  const office = await openBoxOffice()
  const proxy = await openProxy(office.url)
  const never = new Promise<void>(() => {})
  return {
    url: proxy.url,
    show: await office.createShow(1000),
    async begin() {
      proxy.decide(({ type, from }) =>
        !isAfterLogin || (from === 'client' && 'QPB'.includes(type || ' ')) ? never : 'pass',
      )
    },
    end: async () => proxy.decide(() => 'pass'),
    async remove() {
      await proxy.close()
      await office.remove()
    },
  }
}

async function lostStandby(): Promise<Fault> {
  const { primary, standby, show, remove } = await startPair({ isSynchronous: true })
  return {
    url: primary.url,
    show,
    begin: () => standby.server.kill(),
    end: () => standby.server.start(),
    remove,
  }
}

async function pausedPooler(): Promise<Fault | undefined> {
  const [program] = findPgbouncers()
  if (program === undefined) return undefined
  const office = await openBoxOffice()
  const pooler = await startPgbouncer(program, office.server, 'transaction')
  return {
    url: pooler.urlOf('owner'),
    show: await office.createShow(1000),
    begin: () => pooler.command('PAUSE owner'),
    end: () => pooler.command('RESUME owner'),
    async remove() {
      await pooler.stop()
      await office.remove()
    },
  }
}

async function lockedShow(): Promise<Fault> {
  const office = await openBoxOffice()
  const show = await office.createShow(1000)
  let lock: Awaited<ReturnType<typeof lockShow>>
  return {
    url: office.url,
    show,
    async begin() {
      lock = await lockShow(office, show)
    },
    end: () => lock.release(),
    remove: office.remove,
  }
}

async function fullServer(): Promise<Fault> {
  const office = await openBoxOffice({ max_connections: '20' })
  const { socketDir: host, port } = office.server
  const clients: pg.Client[] = []
  return {
    url: office.url,
    show: await office.createShow(1000),
    async begin() {
      for (;;) {
        const client = new pg.Client({ host, port, user: 'owner', database: 'owner' })
        client.on('error', () => {})
        const refusal = await client.connect().then(
          () => undefined,
          (error) => error,
        )
        if (refusal !== undefined) {
          expect(refusal).toMatchObject({ code: '53300' })
          return
        }
        clients.push(client)
      }
    },
    end: async () => void (await Promise.all(clients.map((client) => client.end()))),
    remove: office.remove,
  }
}
