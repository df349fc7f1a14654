import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { askCounter } from '../../src/counter/ask.js'
import { GO, placeOfProcess } from '../../src/counter/protocol.js'
import { inWaves, isAlive, startBooking } from '../support/booking-process.js'
import { bareEnvironment, program, tickets } from '../support/cli.js'
import { openCounter, type TestCounter } from '../support/counter.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { insertShow, isWaitingForLock, lockShow, oneTo } from '../support/shows.js'
import { until } from '../support/until.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())

describe('at an open counter', () => {
  let counter: TestCounter
  let show: string
  beforeEach(async () => {
    ;[counter, show] = await Promise.all([openCounter(), insertShow(db)])
  })
  afterEach(() => counter.remove())

  const book = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    startBooking(db.url, args, { ...counter.env, ...env })

  it('a command answers what it answers by itself, to the letter, and ends with the same code', async () => {
    const lines = [
      ['SHOW', '--seats', '1-2', '--customer', 'Ada', '--note', 'aisle\u2028seat'],
      ['SHOW', '--seats', '2', '--customer', 'Grace'],
      ['SHOW', '--count', '99'],
      ['SHOW', '--count', '2', '--hold', '15m', '--key', 'KEY'],
      ['SHOW', '--count', '2', '--hold', '15m', '--key', 'KEY'],
      ['SHOW', '--count', '3', '--key', 'KEY'],
      ['SHOW', '--seats', '9', '--dry-run'],
      ['SHOW', '--seats', '11'],
      ['SHOW', '--seats', '1', '--wait', 'soon'],
      ['SHOW', '--nonsense'],
      ['SHOW'],
      [],
      ['nowhere', '--seats', '1'],
    ]
    const other = await insertShow(db)
    const run = async (id: string, env: NodeJS.ProcessEnv) => {
      const answers = []
      for (const line of lines) {
        const words = line.map((word) => word.replace('SHOW', id).replace('KEY', `key-${id}`))
        const { exitCode, stdout, stderr } = await startBooking(db.url, words, env).ended
        answers.push([exitCode, withoutChance(stdout), stderr])
      }
      return answers
    }
    expect(await run(show, counter.env)).toEqual(await run(other, { TICKETS_COUNTER: 'off' }))
    expect((await counter.status()).served).toBe(lines.length)
  })

  it('a hundred processes race for ten seats: each is sold once, and every loser has its reason', async () => {
    const ended = await Promise.all(
      Array.from({ length: 100 }, () => book([show, '--count', '1']).ended),
    )
    const winners = ended.filter(({ exitCode }) => exitCode === 0)
    const losers = ended.filter(({ document }) => document.error?.code === 'NOT_ENOUGH_SEATS')
    expect([winners.length, losers.length]).toEqual([10, 90])
    expect(winners.flatMap(({ document }) => document.seats).sort(ascending)).toEqual(oneTo(10))
    expect((await counter.status()).served).toBe(100)
    expect((await tickets(['verify', '--json'], { db: db.url })).json()).toMatchObject({ ok: true })
  })

  it('a schema that has become newer is noticed within seconds', async () => {
    expect((await book([show, '--seats', '1']).ended).exitCode).toBe(0)
    const ofLater = `insert into knex_migrations (name, batch, migration_time) values ('9999_later', 99, now())`
    await db.sql(ofLater)
    await until(async () => {
      const { document } = await book([show, '--seats', '2', '--dry-run']).ended
      return document.error?.code === 'SCHEMA_TOO_NEW'
    })
    await db.sql(`delete from knex_migrations where name = '9999_later'`)
  }, 20_000)

  it('whoever books is in the history, from the same command as ever', async () => {
    await book([show, '--seats', '1'], { TICKETS_OPERATOR: 'Ada' }).ended
    await book([show, '--seats', '2'], { TICKETS_OPERATOR: 'Grace' }).ended
    const events = await db.sql(
      `select operator, command, after -> 'seats' as seats from history
       where show_id = $1 and booking_id is not null order by id`,
      [show],
    )
    expect(events).toEqual([
      { operator: 'Ada', command: 'book', seats: [1] },
      { operator: 'Grace', command: 'book', seats: [2] },
    ])
  })

  it('every order goes to its own database, whichever came before', async () => {
    const elsewhere = await cloneDatabase()
    try {
      await insertShow(elsewhere, { id: show })
      const both = [db.url, elsewhere.url]
      const ended = await Promise.all(
        both.map((url) => startBooking(url, [show, '--seats', '1'], counter.env).ended),
      )
      expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0])
      const sold = await Promise.all(
        [db, elsewhere].map(({ sql }) => sql('select id from bookings where show_id = $1', [show])),
      )
      expect(sold).toEqual(ended.map(({ document }) => [{ id: document.id }]))
    } finally {
      // Its own connections would keep the counter's from being missed.
      await elsewhere.drop()
    }
  })

  it('tells how many orders it has declined, and why the last of them', async () => {
    expect(await counter.status()).toMatchObject({ declined: 0, declined_because: null })
    await book([show, '--seats', '1'], { NODE_OPTIONS: '--no-deprecation' }).ended
    await book([show, '--seats', '2'], { HOME: '/' }).ended
    const because = 'The counter has another HOME.'
    expect(await counter.status()).toMatchObject({ declined: 2, declined_because: because })
    const { stdout } = await tickets(['counter', 'status'], { env: counter.env })
    expect(stdout).toContain(`declined\t2. ${because}`)
  })

  it('what does not concern it is done by the command itself', async () => {
    const [seat] = ['--seats', '1']
    await book([show, seat!, '1', '--debug']).ended
    await book([show, seat!, '2', '--no-color']).ended
    await book([show, seat!, '3'], { NODE_OPTIONS: '--no-deprecation' }).ended
    await book([show, seat!, '4'], { HOME: '/' }).ended
    await book([show, seat!, '5'], { TICKETS_STATS: '1' }).ended
    const [{ confirmed_seats_count }] = (await db.sql('select * from shows where id = $1', [
      show,
    ])) as [{ confirmed_seats_count: number }]
    expect([confirmed_seats_count, (await counter.status()).served]).toEqual([5, 0])
  })

  it('whoever is interrupted, terminated or killed in the line, or in front of it, has booked nothing', async () => {
    const lock = await lockShow(db, show)
    const first = book([show, '--seats', '1'])
    await until(() => isWaitingForLock(db))
    const others = [2, 3, 4].map((seat) => book([show, '--seats', String(seat)]))
    await until(async () => (await counter.status()).under_way === 4)
    const signals = ['SIGINT', 'SIGINT', 'SIGTERM', 'SIGKILL'] as const
    const all = [first, ...others]
    all.map(({ child }, i) => child.kill(signals[i]))
    const ended = await Promise.all(all.map((booking) => booking.ended))
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([130, 130, 143, null])
    expect(ended[0]!.document.error?.code).toBe('INTERRUPTED')
    await until(async () => (await counter.status()).under_way === 0)
    await lock.release()
    expect((await book([show, '--seats', '1-4']).ended).exitCode).toBe(0)
  })

  it('whoever is interrupted in the COMMIT hears the verdict', async () => {
    await dawdleInCommit()
    const { child, ended } = book([show, '--seats', '1'])
    await until(() => isCommitting(db))
    child.kill('SIGINT')
    const { exitCode, document } = await ended
    await db.sql('drop trigger dawdle on bookings')
    expect([exitCode, document.status, document.seats]).toEqual([0, 'CONFIRMED', [1]])
  })

  it('that is killed in the middle: each of forty processes still books once, and knows it', async () => {
    const house = await insertShow(db, { seats: 40 })
    const lock = await lockShow(db, house)
    const bookings = oneTo(40).map((seat) => book([house, '--seats', String(seat)]))
    await until(() => isWaitingForLock(db))
    counter.child.kill('SIGKILL')
    await once(counter.child, 'exit')
    await lock.release()
    const ended = await Promise.all(bookings.map((booking) => booking.ended))
    expect(ended.map(({ exitCode }) => exitCode)).toEqual(ended.map(() => 0))
    const rows = await db.sql<{ id: string }>('select id from bookings where show_id = $1', [house])
    expect(rows.map(({ id }) => id).sort()).toEqual(ended.map(({ document }) => document.id).sort())
    expect((await tickets(['verify', '--json'], { db: db.url })).json()).toMatchObject({ ok: true })
  })

  it('that is killed after the COMMIT and before the answer: the booking is told, not made again', async () => {
    const { ended, id } = await bookAndKill(['--seats', '7'])
    const { exitCode, document } = await ended
    expect([exitCode, document]).toEqual([
      0,
      expect.objectContaining({ id, status: 'CONFIRMED', seats: [7], replayed: false }),
    ])
    expect(await recorded(db, show)).toBe(1)
  })

  it('… and what it sold is told though the show is locked for long, or has another name by now', async () => {
    await db.sql(`update shows set name = 'Old name' where id = $1`, [show])
    const meanwhile = async () => {
      await db.sql(`update shows set name = 'New name' where id = $1`, [show])
      return lockShow(db, show)
    }
    const { ended, id, lock } = await bookAndKill(['--count', '2', '--wait', '0s'], {
      name: 'Old name',
      meanwhile,
    })
    const { exitCode, document } = await ended
    await lock?.release()
    expect([exitCode, document.id]).toEqual([0, id])
    expect(await recorded(db, show)).toBe(1)
  })

  it('that is killed while nobody can tell: the answer claims nothing, and names the booking', async () => {
    const lock = await lockShow(db, show)
    const { ended } = book([show, '--seats', '7', '--wait', '1s'])
    await until(() => isWaitingForLock(db))
    counter.child.kill('SIGKILL')
    const { exitCode, document } = await ended
    await lock.release()
    expect([exitCode, document.error?.code]).toEqual([5, 'BUSY'])
    expect(document.error?.message).toMatch(/may or may not be booked.* Look up [0-9a-f-]{36},/)
  })

  /** A COMMIT that takes half a second, until the trigger is dropped. */
  async function dawdleInCommit(): Promise<void> {
    await db.sql(
      `create or replace function dawdle() returns trigger language plpgsql as
       $$ begin perform pg_sleep(0.5); return null; end $$`,
    )
    await db.sql(
      `create constraint trigger dawdle after update on bookings
       initially deferred for each row execute function dawdle()`,
    )
  }

  /** Stops the counter in the COMMIT of a booking, and kills it when the booking is confirmed. */
  async function bookAndKill(
    args: readonly string[],
    {
      name = show,
      meanwhile,
    }: { name?: string; meanwhile?: () => ReturnType<typeof lockShow> } = {},
  ) {
    await dawdleInCommit()
    const { ended } = book([name, ...args])
    await until(() => isCommitting(db))
    counter.child.kill('SIGSTOP')
    let id: string | undefined
    await until(async () => {
      const rows = await db.sql<{ id: string }>(
        `select id from bookings where show_id = $1 and status = 'CONFIRMED'`,
        [show],
      )
      id = rows[0]?.id
      return id !== undefined
    })
    await db.sql('drop trigger dawdle on bookings')
    const lock = await meanwhile?.()
    counter.child.kill('SIGKILL')
    return { ended, id, lock }
  }

  it('that hangs in the middle is taken for lost, and the booking is made once', async () => {
    const lock = await lockShow(db, show)
    const { ended } = book([show, '--seats', '7'])
    await until(() => isWaitingForLock(db))
    counter.child.kill('SIGSTOP')
    await lock.release()
    const { exitCode, document } = await ended
    counter.child.kill('SIGCONT')
    await until(async () => (await counter.status()).under_way === 0)
    const rows = await db.sql('select id, status from bookings where show_id = $1', [show])
    expect([exitCode, rows]).toEqual([0, [{ id: document.id, status: 'CONFIRMED' }]])
  })

  it('gives signs of life while an order is run, and then its answer', async () => {
    const path = counter.env.TICKETS_COUNTER
    const { program } = (await askCounter(path, 'status'))!
    const argv = ['book', show, '--seats', '1', '--db', db.url, '--json']
    const env = { HOME: '/nonexistent' }
    const order = { ask: 'run', program, place: placeOfProcess(), argv, env, cwd: '/' }
    const lock = await lockShow(db, show)
    const socket = connect(path).setEncoding('utf8')
    let heard = ''
    socket.on('data', (text: string) => {
      heard += text
    })
    socket.write(`${JSON.stringify(order)}\n`)
    await until(() => heard.includes('bookingId'))
    socket.write(`${JSON.stringify(GO)}\n`)
    await until(() => heard.endsWith('}\n\n'))
    await lock.release()
    await once(socket, 'close')
    expect(JSON.parse(heard.trim().split('\n').at(-1)!)).toMatchObject({ exitCode: 0, stderr: '' })
  })

  describe('with a pipe that nobody reads yet', () => {
    let server: Server
    let stdout: Socket
    let reader: Promise<[Socket]>
    beforeEach(async () => {
      const path = join(tmpdir(), `tickets-answer-${process.pid}.sock`)
      server = createServer({ pauseOnConnect: true }).listen(path)
      reader = once(server, 'connection') as Promise<[Socket]>
      stdout = connect(path)
      await once(stdout, 'connect')
    })
    afterEach(() => server.close())

    /** By way of a shell, as Node makes a child's own stdout wait when it is full. */
    const bookIntoIt = (...args: string[]) => {
      const words = [program, 'book', ...args, '--db', db.url, '--json']
      return spawn('bash', ['-c', 'exec "$0" "$@" >&3', process.execPath, ...words], {
        env: { ...bareEnvironment, ...counter.env },
        stdio: ['ignore', 'ignore', 'inherit', stdout],
      })
    }
    const isServed = () => until(async () => (await counter.status()).served === 1)
    const told = async () => {
      stdout.destroy()
      return json((await reader)[0])
    }

    it('a long answer comes out whole', async () => {
      const big = await insertShow(db, { seats: 60_000 })
      const ended = once(bookIntoIt(big, '--seats', '1-60000'), 'exit')
      await isServed()
      expect(await told()).toMatchObject({ status: 'CONFIRMED', seats: oneTo(60_000) })
      expect((await ended)[0]).toBe(0)
    })

    it('a short one, too, when the pipe is full', async () => {
      fill(stdout)
      const ended = once(bookIntoIt(show, '--seats', '1'), 'exit')
      await isServed()
      expect(await told()).toMatchObject({ status: 'CONFIRMED', seats: [1] })
      expect((await ended)[0]).toBe(0)
    })

    it('signals end whoever waits for its reader', async () => {
      const big = await insertShow(db, { seats: 100_000 })
      const words = [program, 'book', big, '--seats', '1-100000', '--db', db.url, '--json']
      const child = spawn(process.execPath, words, {
        env: { ...bareEnvironment, ...counter.env },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const ended = once(child, 'exit')
      await isServed()
      let hasEnded = false
      void ended.then(() => {
        hasEnded = true
      })
      await until(() => {
        child.kill('SIGTERM')
        return hasEnded
      })
      expect(await ended).toEqual([null, 'SIGTERM'])
    })
  })

  it.skipIf(!existsSync('/dev/full'))(
    'an answer that nobody reads, or that stdout does not take, changes no exit code',
    async () => {
      const to = (end: string) =>
        execa('bash', ['-c', `"$0" "$@" ${end}`, process.execPath, program, ...line], {
          extendEnv: false,
          env: { ...bareEnvironment, ...counter.env },
          reject: false,
        })
      const line = ['book', show, '--count', '1', '--db', db.url, '--json']
      const unread = await to('> >(exec true); echo $? >&2')
      expect(unread.stderr).toBe('0')
      const lost = await to('> /dev/full')
      expect(lost.exitCode).toBe(0)
      const [document, reason] = lost.stderr.split('\n')
      expect(JSON.parse(document!)).toMatchObject({ status: 'CONFIRMED', seats: [2] })
      expect(reason).toMatch(/^The answer could not be written to stdout: ENOSPC: .+\.$/)
      expect((await counter.status()).served).toBe(2)
    },
  )

  it('a relative path means what it means where the command was typed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tickets-service-'))
    const { username, pathname, searchParams } = new URL(db.url.replace('@/', '@local/'))
    await writeFile(
      join(directory, 'services.conf'),
      `[box]\nhost=${searchParams.get('host')}\nport=${searchParams.get('port')}\ndbname=${pathname.slice(1)}\nuser=${username}\n`,
    )
    const ran = await tickets(['book', show, '--seats', '1', '--json'], {
      cwd: directory,
      env: { ...counter.env, PGSERVICE: 'box', PGSERVICEFILE: 'services.conf' },
    })
    await rm(directory, { recursive: true })
    expect([ran.exitCode, (await counter.status()).served]).toEqual([0, 1])
  })

  it('nonsense ends one conversation, and no other', async () => {
    for (const nonsense of ['null', '5', '"x"', '{}', '{"ask":"run"}', 'GET / HTTP/1.1']) {
      const socket = connect(counter.env.TICKETS_COUNTER)
      socket.end(`${nonsense}\n`).resume()
      await once(socket, 'close')
    }
    expect((await book([show, '--seats', '1']).ended).exitCode).toBe(0)
    expect((await counter.status()).served).toBe(1)
  })

  it('that hangs from the beginning is not waited for', async () => {
    counter.child.kill('SIGSTOP')
    const { exitCode, document } = await book([show, '--seats', '7']).ended
    counter.child.kill('SIGCONT')
    expect([exitCode, document.seats]).toEqual([0, [7]])
    await until(async () => (await counter.status()).served === 0)
    expect(await recorded(db, show)).toBe(1)
  })

  it('only its user can reach it', async () => {
    const { mode } = await stat(counter.env.TICKETS_COUNTER)
    expect(mode & 0o077).toBe(0)
  })

  it('that another takes the place of finishes what it has taken, and closes', async () => {
    const lock = await lockShow(db, show)
    const { ended } = book([show, '--seats', '1'])
    await until(() => isWaitingForLock(db))
    const next = await openCounter(counter)
    const late = book([show, '--seats', '2'])
    await until(async () => (await next.status()).under_way === 1)
    await lock.release()
    expect([(await ended).exitCode, (await late.ended).exitCode]).toEqual([0, 0])
    await until(() => counter.child.exitCode === 0)
    await next.remove()
  })

  it('SIGTERM closes it when it has finished what it has taken', async () => {
    const lock = await lockShow(db, show)
    const { ended } = book([show, '--seats', '1'])
    await until(() => isWaitingForLock(db))
    counter.child.kill('SIGTERM')
    await until(() => !existsSync(counter.env.TICKETS_COUNTER))
    const late = book([show, '--seats', '2'])
    await lock.release()
    expect((await ended).exitCode).toBe(0)
    expect((await late.ended).exitCode).toBe(0)
    if (counter.child.exitCode === null) await once(counter.child, 'exit')
    expect(counter.child.exitCode).toBe(0)
  })
})

describe('tickets counter', () => {
  let directory: string
  let env: { TICKETS_COUNTER: string }
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tickets-counter-'))
    env = { TICKETS_COUNTER: join(directory, 'new', 'counter.sock') }
  })
  afterEach(async () => {
    await tickets(['counter', 'stop'], { env })
    await rm(directory, { recursive: true })
  })
  const run = (...args: string[]) => tickets(['counter', ...args], { env })

  it('starts in the background, takes bookings, tells of itself and stops', async () => {
    expect((await run('status', '--json')).json()).toMatchObject({ state: 'closed', pid: null })
    const started = await run('start')
    expect(started).toMatchObject({ exitCode: 0, stdout: '' })
    expect(started.stderr).toContain('The counter is open')
    const show = await insertShow(db)
    const ended = await inWaves(oneTo(3), 3, (seat) => {
      return startBooking(db.url, [show, '--seats', String(seat)], env).ended
    })
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
    expect((await run('status')).stdout).toMatch(
      /^state\topen\nsocket\t.*\npid\t\d+\nsince\t.*\nunder way\t0\nserved\t3$/,
    )
    const { pid } = (await run('status', '--json')).json()
    expect((await run('stop')).stderr).toBe('The counter is closed.')
    await until(() => !isAlive(pid))
    expect((await run('stop')).stderr).toBe('No counter was open.')
  })

  it('started twice, or by many at once, is one', async () => {
    const started = await Promise.all(oneTo(4).map(() => run('start', '--json')))
    expect(started.map((ran) => ran.json().state)).toEqual(oneTo(4).map(() => 'open'))
    const { pid } = (await run('status', '--json')).json()
    expect((await run('start', '--json')).json().pid).toBe(pid)
  })

  it('opens where a crashed one has left its socket, and takes nothing else away', async () => {
    await run('start')
    const { pid } = (await run('status', '--json')).json()
    process.kill(pid, 'SIGKILL')
    await until(() => !isAlive(pid))
    expect(existsSync(env.TICKETS_COUNTER)).toBe(true)
    const show = await insertShow(db)
    expect((await startBooking(db.url, [show, '--seats', '1'], env).ended).exitCode).toBe(0)
    expect((await run('start', '--json')).json().state).toBe('open')
    await run('stop')
    await writeFile(env.TICKETS_COUNTER, 'something')
    expect((await startBooking(db.url, [show, '--seats', '2'], env).ended).exitCode).toBe(0)
    expect(await run('start')).toMatchObject({ exitCode: 2, stdout: '' })
    expect(await readFile(env.TICKETS_COUNTER, 'utf8')).toBe('something')
  })

  it('where none can be opened: one sentence, exit 2', async () => {
    await writeFile(join(directory, 'new'), '')
    const inFile = await run('start')
    expect([inFile.exitCode, inFile.stdout]).toEqual([2, ''])
    expect(inFile.stderr).toMatch(/^✗ No counter can be opened at .*TICKETS_COUNTER/s)
    for (const place of ['off', `/${'x'.repeat(120)}`]) {
      const ran = await tickets(['counter', 'start'], { env: { TICKETS_COUNTER: place } })
      expect([ran.exitCode, ran.stderr]).toEqual([2, expect.stringContaining('TICKETS_COUNTER')])
    }
  })

  it.each(['HTTP/1.1 400', 'null', '5', '"x"', '{}', '{"bookingId":7}'])(
    'a server that says %s is left alone, and the booking is made',
    async (words) => {
      const path = join(directory, 'other.sock')
      const server = createServer((socket) => socket.end(`${words}\n`).on('error', () => {}))
      await once(server.listen(path), 'listening')
      const show = await insertShow(db)
      const { ended } = startBooking(db.url, [show, '--seats', '1'], { TICKETS_COUNTER: path })
      const { exitCode, document } = await ended
      server.close()
      expect([exitCode, document.seats]).toEqual([0, [1]])
    },
  )
})

/** The same answer, without what is another each time: ids, references, times. */
function withoutChance(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
    .replaceAll(/"[2-9A-Z]{4}-[2-9A-Z]{4}"/g, '"REFERENCE"')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
}

async function isCommitting({ sql }: TestDatabase): Promise<boolean> {
  const rows = await sql(
    `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
  )
  return rows.length > 0
}

async function recorded({ sql }: TestDatabase, show: string): Promise<number> {
  return (await sql('select from bookings where show_id = $1', [show])).length
}

function ascending(a: number | undefined, b: number | undefined): number {
  return a! - b!
}

/** With blanks, which JSON does not mind. */
function fill(socket: Socket): void {
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle
  try {
    for (;;) writeSync(fd, ' '.repeat(4096))
  } catch (error) {
    expect(error).toMatchObject({ code: 'EAGAIN' })
  }
}
