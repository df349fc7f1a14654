import { randomUUID } from 'node:crypto'
import { stderr } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { countBy } from 'es-toolkit'
import pg from 'pg'
import { expect, onTestFinished } from 'vitest'
import { openTickets, type TicketsError, type VerifyReport } from '../../src/index.js'
import { startBooking } from '../support/booking-process.js'
import { type ServerProcess, serveProcess } from '../support/http.js'
import { until } from '../support/until.js'

/** A booking that was reported to a client as confirmed. */
export interface ConfirmedBooking {
  id: string
  seats: number[]
  /** The whole answer, if it came from a process or over HTTP. */
  document?: object
}

/** The ways of booking. Two clients use each, and book one seat after another. */
const ways = ['processes', 'HTTP', 'library'] as const
type Way = (typeof ways)[number]

/** A sale that goes on during a failure of the database. */
export interface Sale {
  /** Returns when `n` more seats have been sold in each way. */
  untilSold(n: number): Promise<void>
  /** Returns when a process without a key has ended with exit code 5. */
  untilGivenUp(): Promise<void>
  /** Lets every client finish its last request, and checks all answers. */
  end(): Promise<SaleReport>
}

export interface SaleReport {
  confirmed: ConfirmedBooking[]
  /** The requests without a key, each made once, by customer. */
  unkeyed: { customer: string; word: string }[]
  /** The number of each answer: exit codes, HTTP statuses, error codes of the library. */
  answers: Record<Way, Record<string, number>>
  /** The longest time in which one of the ways sold nothing, in milliseconds. */
  gapMs: number
  /** The longest run time of a process, and that of one before the sale, in milliseconds. */
  longestRunMs: number
  plainRunMs: number
}

export interface SaleOptions {
  /** Where all clients book: a proxy, a pooler, or several hosts. */
  url: string
  show: string
  wait?: `${number}s`
}

/** The errors after which a request with a key may be repeated. */
const retryable = ['BUSY', 'IN_DOUBT', 'DB_UNREACHABLE']

/** The wait of a request without a key, which is not repeated. */
const UNKEYED_WAIT_MS = 1000

/** A request is given up after this number of answers that ask to repeat it. */
const MOST_ATTEMPTS = 20

export async function startSale({ url, show, wait = '20s' }: SaleOptions): Promise<Sale> {
  const server = await serveProcess(url, ['--port', '0', '--wait', wait])
  const library = openTickets({ database: url, env: {}, waitMs: 1000 * Number.parseInt(wait, 10) })
  const withShortWait = openTickets({ database: url, env: {}, waitMs: UNKEYED_WAIT_MS })
  const plain = await startBooking(url, [show, '--count', '1', '--wait', wait]).ended
  expect(plain.exitCode).toBe(0)
  const answers: SaleReport['answers'] = { processes: {}, HTTP: {}, library: {} }
  const confirmed: ConfirmedBooking[] = []
  const unkeyed: SaleReport['unkeyed'] = []
  let givenUp = 0
  const startedAt = performance.now()
  const soldAt: Record<Way, number[]> = { processes: [], HTTP: [], library: [] }
  let longestRunMs = 0

  const sell = (way: Way, booking: NonNullable<Answer['booking']>) => {
    soldAt[way].push(performance.now())
    const document = way === 'library' ? {} : { document: booking }
    confirmed.push({ id: booking.id!, seats: booking.seats!, ...document })
  }
  /**
   * Makes a request, and repeats it with its key for as long as the answer says that this may help.
   */
  const attempts: Record<Way, (key: string) => Promise<Answer>> = {
    async processes(key) {
      const args = [show, '--count', '1', '--key', key, '--wait', wait]
      const { exitCode, signal, document, ms } = await startBooking(url, args).ended
      longestRunMs = Math.max(longestRunMs, ms)
      const word = String(exitCode ?? signal)
      return { word, isRetryable: exitCode === 5, booking: exitCode === 0 ? document : undefined }
    },
    async HTTP(key) {
      const { status, body } = await book(server, show, key)
      return { word: status, isRetryable: status === '503', booking: body }
    },
    async library(key) {
      try {
        const { booking } = await library.book(show, { count: 1, key })
        return { word: 'CONFIRMED', isRetryable: false, booking }
      } catch (error) {
        const word = (error as TicketsError).code ?? String(error)
        return { word, isRetryable: retryable.includes(word) }
      }
    },
  }
  let isOver = false
  const client = async (way: Way) => {
    while (!isOver) {
      const key = randomUUID()
      for (let n = 0; n < MOST_ATTEMPTS; n++) {
        const { word, isRetryable, booking } = await attempts[way](key)
        answers[way][word] = (answers[way][word] ?? 0) + 1
        if (booking) sell(way, booking)
        if (!isRetryable) break
      }
      await sleep(20)
    }
  }
  /** Makes one request without a key, for a customer who has no other request. */
  const unkeyedAttempts: Record<'processes' | 'library', (customer: string) => Promise<Answer>> = {
    async processes(customer) {
      const args = [show, '--count', '1', '--customer', customer, '--wait', `${UNKEYED_WAIT_MS}ms`]
      const { exitCode, signal, document } = await startBooking(url, args).ended
      if (exitCode === 5) givenUp++
      if (exitCode === 0) return { word: 'CONFIRMED', isRetryable: false, booking: document }
      return { word: document.error?.code ?? String(signal ?? exitCode), isRetryable: false }
    },
    async library(customer) {
      try {
        const { booking } = await withShortWait.book(show, { count: 1, customer })
        return { word: 'CONFIRMED', isRetryable: false, booking }
      } catch (error) {
        return { word: (error as TicketsError).code ?? String(error), isRetryable: false }
      }
    },
  }
  const unkeyedClient = async (way: keyof typeof unkeyedAttempts) => {
    while (!isOver) {
      const customer = randomUUID()
      const { word, booking } = await unkeyedAttempts[way](customer)
      unkeyed.push({ customer, word })
      if (booking) sell(way, booking)
      await sleep(20)
    }
  }
  onTestFinished(() => {
    isOver = true
    server.child.kill('SIGKILL')
  })
  const clients = [...ways, 'HTTP' as const].map(client)
  clients.push(unkeyedClient('processes'), unkeyedClient('library'))
  return {
    async untilSold(n) {
      const before = ways.map((way) => soldAt[way].length)
      await until(() => ways.every((way, i) => soldAt[way].length >= before[i]! + n))
    },
    async untilGivenUp() {
      const before = givenUp
      await until(() => givenUp > before)
    },
    async end() {
      isOver = true
      await Promise.all(clients)
      await Promise.all([library.close(), withShortWait.close()])
      expect(await server.stop()).toBe(0)
      const gaps = ways.map((way) => longestGap([startedAt, ...soldAt[way]]))
      return {
        confirmed,
        unkeyed,
        answers,
        gapMs: Math.max(...gaps),
        longestRunMs,
        plainRunMs: plain.ms,
      }
    },
  }
}

interface Answer {
  word: string
  isRetryable: boolean
  booking?: { id?: string; seats?: number[] } | undefined
}

async function book(server: ServerProcess, show: string, key: string) {
  try {
    const response = await fetch(`${server.url}/shows/${show}/book`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ seats_count: 1 }),
    })
    const body = (await response.json()) as ConfirmedBooking
    return { status: String(response.status), body: response.ok ? body : undefined }
  } catch (error) {
    return { status: String((error as Error).cause ?? error) }
  }
}

function longestGap(times: number[]): number {
  return Math.max(0, ...times.slice(1).map((time, i) => time - times[i]!))
}

/**
 * Returns the confirmed bookings that are missing. Checks everything else: no seat is sold twice, a
 * request without a key has sold once if it was confirmed, at most once if it is in doubt, and
 * never otherwise, and `verify` finds nothing. `url` is the server that survived.
 */
export async function lostBookings(
  url: string,
  show: string,
  { confirmed, unkeyed }: SaleReport,
): Promise<ConfirmedBooking[]> {
  const client = new pg.Client(url)
  await client.connect()
  const { rows } = await client.query<ConfirmedBooking & { customer: string | null }>(
    `select id, seats, customer from bookings where show_id = $1 and status = 'CONFIRMED'`,
    [show],
  )
  await client.end()
  const sold = rows.flatMap(({ seats }) => seats)
  expect(new Set(sold).size).toBe(sold.length)
  const customers = rows.flatMap(({ customer }) => customer ?? [])
  expect(new Set(customers).size).toBe(customers.length)
  const mayHave = unkeyed.filter(({ word }) => ['CONFIRMED', 'IN_DOUBT'].includes(word))
  const known = new Set(mayHave.map(({ customer }) => customer))
  expect(customers.filter((customer) => !known.has(customer))).toEqual([])
  const tickets = openTickets({ database: url, env: {} })
  // A request that was given up may leave a pending record, until it is marked abandoned.
  let report: VerifyReport | undefined
  await until(async () => {
    await tickets.repair({ show })
    report = await tickets.verify({ show })
    return report.violations.every(({ code }) => code !== 'STALE_PENDING')
  })
  expect(report).toMatchObject({ ok: true, violations: [] })
  await tickets.close()
  const kept = new Map(rows.map(({ id, seats }) => [id, seats.join()]))
  return confirmed.filter(({ id, seats }) => kept.get(id) !== seats.join())
}

/** The grace of the program, and how much longer a process may take to start and end under load. */
const GRACE_MS = 5000
const SLOWER = 5

/** Every process has ended with an exit code of the contract, within its wait and the grace. */
export function expectOrderly(report: SaleReport, waitMs = 20_000): void {
  const { answers, unkeyed, longestRunMs, plainRunMs } = report
  expect(Object.keys(answers.processes)).toEqual(
    ['0', '4', '5'].filter((c) => answers.processes[c]),
  )
  expect(Object.keys(answers.HTTP).filter((s) => !['200', '201', '503'].includes(s))).toEqual([])
  const words = ['CONFIRMED', ...retryable]
  const others = [...Object.keys(answers.library), ...unkeyed.map(({ word }) => word)]
  expect(others.filter((word) => !words.includes(word))).toEqual([])
  expect(longestRunMs).toBeLessThan(waitMs + GRACE_MS + SLOWER * plainRunMs)
}

/** Prints the experiment as a row of the table in docs/guarantees.md. */
export function printRow(experiment: string, report: SaleReport, lost: ConfirmedBooking[]): void {
  const { answers, unkeyed, gapMs } = report
  const counts = (way: Way) =>
    Object.entries(answers[way])
      .map(([word, n]) => `${word}: ${n}`)
      .join(', ')
  const runs = ways.flatMap((way) => Object.values(answers[way])).reduce((sum, n) => sum + n, 0)
  const cells = [
    experiment,
    runs,
    ...ways.map(counts),
    Math.round(gapMs).toLocaleString('en'),
    lost.length,
  ]
  const words = Object.entries(countBy(unkeyed, ({ word }) => word)).map(
    ([word, n]) => `${word}: ${n}`,
  )
  stderr.write(`\n| ${cells.join(' | ')} |\nWithout a key: ${words.join(', ')}\n`)
}
