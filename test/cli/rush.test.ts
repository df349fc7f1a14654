import { existsSync } from 'node:fs'
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inWaves, isAlive, startBooking } from '../support/booking-process.js'
import { bareEnvironment, program, tickets } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { insertShow, lockShow, oneTo } from '../support/shows.js'
import { until } from '../support/until.js'

describe('in a rush of bookings', () => {
  let db: TestDatabase
  let show: string
  let cache: string
  let socket: string
  beforeEach(async () => {
    db = await cloneDatabase()
    show = await insertShow(db, { seats: 100 })
    cache = await mkdtemp(join(tmpdir(), 'tickets-rush-'))
    socket = join(cache, 'tickets', 'counter.sock')
    // As any command has left it.
    await mkdir(join(cache, 'tickets'), { mode: 0o700 })
  })
  afterEach(async () => {
    await status('stop')
    await db.drop()
    await rm(cache, { recursive: true })
  })

  const environment = () => ({ XDG_CACHE_HOME: cache, TICKETS_COUNTER: '' })
  const book = (seat: number, env: NodeJS.ProcessEnv = {}) =>
    startBooking(db.url, [show, '--seats', String(seat)], { ...environment(), ...env })
  const bookArgs = (seat: number) => [
    process.execPath,
    program,
    ...['book', show, '--seats', String(seat), '--json'],
  ]
  const bookAll = (seats: number[], width: number, env?: NodeJS.ProcessEnv) =>
    inWaves(seats, width, (seat) => book(seat, env).ended)
  const status = async (action = 'status') =>
    (await tickets(['counter', action, '--json'], { env: environment() })).json()
  const sold = async () =>
    (await db.sql<{ seats: number[] }>(`select seats from bookings where status = 'CONFIRMED'`))
      .flatMap(({ seats }) => seats)
      .sort((a, b) => a - b)

  it('one counter opens by itself, each seat is sold once, and it closes when the rush is over', async () => {
    // With orders under way it stays open, however slowly the others come.
    const lock = await lockShow(db, show)
    await rushSoFar()
    const first = bookAll(oneTo(3), 3)
    await until(async () => (await status()).under_way >= 1)
    const rest = bookAll(oneTo(60).slice(3), 30)
    await until(async () => (await status()).under_way >= 10)
    const { pid, idle_ms } = await status()
    await lock.release()
    const ended = [...(await first), ...(await rest)]
    expect(ended.map(({ exitCode }) => exitCode)).toEqual(ended.map(() => 0))
    expect(await sold()).toEqual(oneTo(60))
    expect(idle_ms).toBe(3000)
    await until(() => !isAlive(pid))
    expect(await leftBehind()).toEqual([])
    expect((await tickets(['verify', '--json'], { db: db.url })).json()).toMatchObject({ ok: true })
  })

  it('a database can be dropped as soon as its bookings are done', async () => {
    await rushSoFar()
    await book(1).ended
    expect(existsSync(socket)).toBe(true)
    await db.drop({ force: false })
    db = await cloneDatabase()
  })

  it('… also while those of another database go on', async () => {
    const elsewhere = await cloneDatabase()
    const other = await insertShow(elsewhere, { seats: 1000 })
    await rushSoFar()
    await book(1).ended
    let isDropped = false
    const goOn = async () => {
      const args = [other, '--count', '1']
      while (!isDropped) await startBooking(elsewhere.url, args, environment()).ended
    }
    const others = goOn()
    await db.drop({ force: false }).finally(() => {
      isDropped = true
    })
    await others
    expect((await status()).served).toBeGreaterThan(1)
    await elsewhere.drop()
    db = await cloneDatabase()
  })

  it.runIf(existsSync('/proc/self/fd'))(
    'the counter keeps neither the secrets of whoever opened it nor their locks and pipes',
    async () => {
      await rushSoFar()
      const lock = join(cache, 'lock')
      await execa('bash', ['-c', 'exec 200>"$LOCK" 201>&1; "$@"', 'bash', ...bookArgs(1)], {
        extendEnv: false,
        env: {
          ...bareEnvironment,
          ...environment(),
          DATABASE_URL: db.url,
          PGPASSWORD: 'open sesame',
          LOCK: lock,
        },
      })
      const { pid } = await status()
      expect(await readFile(`/proc/${pid}/environ`, 'utf8')).not.toMatch(/sesame|DATABASE_URL/)
      const files = await readdir(`/proc/${pid}/fd`)
      const open = await Promise.all(
        files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')),
      )
      expect(open).not.toContain(lock)
      expect(open[files.indexOf('201')]).toBe('/dev/null')
    },
  )

  it('nothing is written to what only bears the name of the tally', async () => {
    const precious = join(cache, 'precious')
    await writeFile(precious, 'precious')
    for (const lay of [symlink, link]) {
      await lay(precious, `${socket}.rush`)
      await utimes(precious, longAgo(), longAgo())
      expect((await book(1).ended).document.error?.code ?? 'booked').toMatch(/booked|SEATS_TAKEN/)
      expect(await readFile(precious, 'utf8')).toBe('precious')
      await rm(`${socket}.rush`)
    }
  })

  it('that one after the other makes up, the fifth opens it; after a pause, another four open none', async () => {
    for (const seat of oneTo(4)) {
      await book(seat).ended
      await lastCame(inAnHour())
    }
    await lastCame(longAgo())
    for (const seat of oneTo(8).slice(4)) {
      await book(seat).ended
      await lastCame(inAnHour())
    }
    expect(existsSync(socket)).toBe(false)
    await book(9).ended
    expect(existsSync(socket)).toBe(true)
    expect(await sold()).toEqual(oneTo(9))
  })

  it('`counter start` takes the place of one that opened by itself, for good', async () => {
    await rushSoFar()
    await book(1).ended
    const { pid } = await status()
    expect(await status('start')).toMatchObject({ state: 'open', idle_ms: null })
    await until(() => pid === null || !isAlive(pid))
    expect((await status()).state).toBe('open')
  })

  it.each([
    ['that are told not to', async () => ({ TICKETS_COUNTER: 'off' })],
    ['whose cache others may write to', () => chmod(join(cache, 'tickets'), 0o777)],
    ['that have no place for a cache', async () => ({ XDG_CACHE_HOME: '/nonexistent/cache' })],
  ])('%s, none opens', async (_which, prepare) => {
    await rushSoFar()
    const ended = await bookAll(oneTo(3), 1, (await prepare()) ?? {})
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
    expect(await leftBehind()).toEqual([])
  })

  it('where none can be opened each books by itself, and for a while none is tried again', async () => {
    await mkdir(socket)
    await rushSoFar()
    await bookAll(oneTo(8), 4)
    const tried = await stat(`${socket}.opening`)
    await lastCame(inAnHour())
    const ended = await bookAll(oneTo(16).slice(8), 4)
    expect(ended.map(({ exitCode }) => exitCode)).toEqual(ended.map(() => 0))
    expect(await sold()).toEqual(oneTo(16))
    expect((await stat(`${socket}.opening`)).mtimeMs).toBe(tried.mtimeMs)
  })

  it('whoever waits for a counter to open, and is interrupted, books nothing: exit 130', async () => {
    await rushSoFar()
    await writeFile(`${socket}.opening`, '')
    await utimes(`${socket}.opening`, inAnHour(), inAnHour())
    const { child, ended } = book(1)
    await until(async () => (await stat(`${socket}.rush`)).size > 5)
    child.kill('SIGINT')
    expect((await ended).exitCode).toBe(130)
    expect(await db.sql('select from bookings')).toEqual([])
  })

  it('a counter that never comes is not waited for long', async () => {
    await rushSoFar()
    await writeFile(`${socket}.opening`, '')
    expect(await book(1).ended).toMatchObject({ exitCode: 0, document: { seats: [1] } })
    expect(existsSync(socket)).toBe(false)
  })

  /** So many have booked that the next one is in a rush, however slow the machine. */
  async function rushSoFar(): Promise<void> {
    await writeFile(`${socket}.rush`, '.....')
    await lastCame(inAnHour())
  }

  /** Sets when the last of them was. */
  async function lastCame(when: Date): Promise<void> {
    await utimes(`${socket}.rush`, when, when)
  }

  /** What concerns the counter, but for the tally; the rest is V8's. */
  async function leftBehind(): Promise<string[]> {
    const files = existsSync(join(cache, 'tickets')) ? await readdir(join(cache, 'tickets')) : []
    return files.filter((file) => file.startsWith('counter') && !file.endsWith('.rush'))
  }
})

function inAnHour(): Date {
  return new Date(Date.now() + 3_600_000)
}

function longAgo(): Date {
  return new Date(Date.now() - 3_600_000)
}
