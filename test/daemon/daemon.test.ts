import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeSync } from 'node:fs'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { json } from 'node:stream/consumers'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { queryDaemon, stopDaemon } from '../../src/daemon/control.js'
import { Daemon } from '../../src/daemon/daemon.js'
import { askerOf, containerOfProcess, START } from '../../src/daemon/protocol.js'
import { daemonLink } from '../../src/daemon/socket.js'
import { openTickets } from '../../src/index.js'
import {
  type EndedBooking,
  inWaves,
  isAlive,
  signalAndWait,
  startBooking,
} from '../support/booking-process.js'
import { bareEnvironment, program, tickets } from '../support/cli.js'
import { copyCodeCache } from '../support/code-cache.js'
import { openDaemon, type TestDaemon } from '../support/daemon.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { type RanInProcess, runInProcess } from '../support/in-process.js'
import { insertShow, isWaitingForLock, lockShow, oneTo } from '../support/shows.js'
import { until } from '../support/until.js'
import { expectWording, withFacts } from '../support/wording.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())

const verify = () => runInProcess(['verify', '--json'], { DATABASE_URL: db.url })

/** Why it declines a command, according to its status. */
const said: [which: string, sentence: string][] = []

describe('with an open daemon', () => {
  let daemon: TestDaemon
  let before: Awaited<ReturnType<TestDaemon['status']>>
  let show: string
  beforeEach(async () => {
    show = await insertShow(db)
    // One daemon for all tests, except those that stop it or send it a signal.
    if (!daemon?.isUntouched()) {
      await daemon?.remove()
      daemon = await openDaemon({ db: db.url })
    }
    before = await daemon.status()
  })
  afterAll(() => daemon.remove())

  /** The number of runs that it has served and declined in this test. */
  const counts = async () => {
    const { served = 0, declined = 0 } = await daemon.status()
    return { served: served - before.served!, declined: declined - before.declined! }
  }

  const book = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    startBooking(db.url, args, env)

  it('a command prints exactly what it prints without a daemon, and exits with the same code', async () => {
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
    const inProcess = (words: string[]) =>
      runInProcess(['book', ...words, '--json'], { ...bareEnvironment, DATABASE_URL: db.url })
    const answersBy = async (
      id: string,
      run: (words: string[]) => Promise<Omit<RanInProcess | EndedBooking, 'json'>>,
    ) => {
      const answers = []
      for (const line of lines) {
        const words = line.map((word) => word.replace('SHOW', id).replace('KEY', `key-${id}`))
        const { exitCode, stdout, stderr } = await run(words)
        answers.push([exitCode, withoutChance(stdout), stderr])
      }
      return answers
    }
    expect(await answersBy(show, (words) => book(words).ended)).toEqual(
      await answersBy(other, inProcess),
    )
    // A `--wait` that is none is not handed over.
    expect((await counts()).served).toBe(lines.length - 1)
  })

  it('twenty processes race for ten seats: each is sold once, and each of the others prints the reason', async () => {
    const ended = await Promise.all(
      Array.from({ length: 20 }, () => book([show, '--count', '1']).ended),
    )
    const winners = ended.filter(({ exitCode }) => exitCode === 0)
    const losers = ended.filter(({ document }) => document.error?.code === 'NOT_ENOUGH_SEATS')
    expect([winners.length, losers.length]).toEqual([10, 10])
    expect(winners.flatMap(({ document }) => document.seats).sort(ascending)).toEqual(oneTo(10))
    // On a busy machine, some get no answer in time: they say so, and book without the daemon.
    const answered = ended.filter(({ stderr }) => stderr === '')
    const unanswered = ended.filter(({ stderr }) => stderr.includes(HANGS))
    expect(answered.length + unanswered.length).toBe(ended.length)
    await until(async () => (await daemon.status()).under_way === 0)
    const { served, declined } = await counts()
    expect(declined).toBe(0)
    expect(served).toBeGreaterThanOrEqual(answered.length)
    expect(served).toBeLessThanOrEqual(ended.length)
    expect((await verify()).json()).toMatchObject({ ok: true })
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

  it('the history has the user and the command of the client, as without a daemon', async () => {
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

  it('a command for another database is not passed to it', async () => {
    const elsewhere = await cloneDatabase()
    try {
      await insertShow(elsewhere, { id: show })
      const both = [db.url, elsewhere.url]
      const ended = await Promise.all(
        both.map((url) => startBooking(url, [show, '--seats', '1']).ended),
      )
      expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0])
      const sold = await Promise.all(
        [db, elsewhere].map(({ sql }) => sql('select id from bookings where show_id = $1', [show])),
      )
      expect(sold).toEqual(ended.map(({ document }) => [{ id: document.id }]))
      expect(await counts()).toEqual({ served: 1, declined: 0 })
    } finally {
      await elsewhere.drop()
    }
  })

  it('reports how many runs it has declined, and why the last one', async () => {
    await daemon.remove()
    daemon = await openDaemon({ db: db.url })
    expect(await daemon.status()).toMatchObject({ declined: 0, declined_because: null })
    await book([show, '--seats', '1'], { NODE_OPTIONS: '--no-deprecation' }).ended
    await book([show, '--seats', '2'], { HOME: '/' }).ended
    const { declined, declined_because: because } = await daemon.status()
    expect([declined, because]).toEqual([2, withFacts('HOME')])
    const { stdout } = await tickets(['daemon', 'status'], { db: db.url })
    expect(stdout).toContain(`declined\t2\ndeclined because\t${because}`)
  })

  it('a command that it does not run is run by its own process', async () => {
    const [seat] = ['--seats', '1']
    await book([show, seat!, '2', '--no-color']).ended
    await book([show, seat!, '3'], { NODE_OPTIONS: '--no-deprecation' }).ended
    await book([show, seat!, '4'], { HOME: '/' }).ended
    await book([show, seat!, '5'], { TICKETS_STATS: '1' }).ended
    const [{ confirmed_seats_count }] = (await db.sql('select * from shows where id = $1', [
      show,
    ])) as [{ confirmed_seats_count: number }]
    expect([confirmed_seats_count, (await counts()).served]).toEqual([4, 0])
  })

  it('a booking that is interrupted, terminated or killed while it waits has booked nothing', async () => {
    const lock = await lockShow(db, show)
    const first = book([show, '--seats', '1'])
    await until(() => isWaitingForLock(db))
    const others = [2, 3, 4].map((seat) => book([show, '--seats', String(seat)]))
    await until(async () => (await daemon.status()).under_way === 4)
    const signals = ['SIGINT', 'SIGINT', 'SIGTERM', 'SIGKILL'] as const
    const all = [first, ...others]
    all.map(({ child }, i) => child.kill(signals[i]))
    const ended = await Promise.all(all.map((booking) => booking.ended))
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([130, 130, 143, null])
    expect(ended[0]!.document.error?.code).toBe('INTERRUPTED')
    await until(async () => (await daemon.status()).under_way === 0)
    await lock.release()
    expect((await book([show, '--seats', '1-4']).ended).exitCode).toBe(0)
  })

  it('a booking that is interrupted during COMMIT prints its outcome', async () => {
    await slowCommits()
    const { child, ended } = book([show, '--seats', '1'])
    await until(() => isCommitting(db))
    child.kill('SIGINT')
    const { exitCode, document } = await ended
    await db.sql('drop trigger slow_commit on bookings')
    expect([exitCode, document.status, document.seats]).toEqual([0, 'CONFIRMED', [1]])
  })

  it('if it is killed while ten processes book, each books once, and prints the booking', async () => {
    const house = await insertShow(db, { seats: 10 })
    const lock = await lockShow(db, house)
    const bookings = oneTo(10).map((seat) => book([house, '--seats', String(seat)]))
    await until(() => isWaitingForLock(db))
    daemon.kill('SIGKILL')
    await until(() => !isAlive(daemon.pid))
    await lock.release()
    const ended = await Promise.all(bookings.map((booking) => booking.ended))
    expect(ended.map(({ exitCode }) => exitCode)).toEqual(ended.map(() => 0))
    const rows = await db.sql<{ id: string }>('select id from bookings where show_id = $1', [house])
    expect(rows.map(({ id }) => id).sort()).toEqual(ended.map(({ document }) => document.id).sort())
    expect((await verify()).json()).toMatchObject({ ok: true })
  })

  it('if it is killed after COMMIT and before the answer, the booking is printed, not made again', async () => {
    const { ended, id } = await bookAndKill(['--seats', '7'])
    const { exitCode, document } = await ended
    expect([exitCode, document]).toEqual([
      0,
      expect.objectContaining({ id, status: 'CONFIRMED', seats: [7], replayed: false }),
    ])
    expect(await recorded(db, show)).toBe(1)
  })

  it('if it is killed after COMMIT, the booking is printed even if the show stays locked or was renamed', async () => {
    await db.sql(`update shows set name = 'Old name' where id = $1`, [show])
    let lock: Awaited<ReturnType<typeof lockShow>> | undefined
    const meanwhile = async () => {
      await db.sql(`update shows set name = 'New name' where id = $1`, [show])
      lock = await lockShow(db, show)
    }
    const { ended, id } = await bookAndKill(['--count', '2', '--wait', '10s'], {
      name: 'Old name',
      meanwhile,
    })
    const { exitCode, document } = await ended
    await lock?.release()
    expect([exitCode, document.id]).toEqual([0, id])
    expect(await recorded(db, show)).toBe(1)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'if it is killed, the command then ends on %s, in doubt, and books nothing',
    async (signal) => {
      const lock = await lockShow(db, show)
      const { child, ended } = book([show, '--seats', '7'])
      await until(() => isWaitingForLock(db))
      daemon.kill('SIGKILL')
      // The session of the daemon waits until the server notices.
      await until(async () => (await waitingForLock()) === 2)
      child.kill(signal)
      const { exitCode, document } = await ended
      expect([exitCode, document.error?.code]).toEqual([5, 'IN_DOUBT'])
      expect(document.error).toMatchObject({
        // The reference to look up, and no mention of a key, as it has none.
        message: expect.stringMatching(/^(?!.*--key).* [0-9a-f-]{36} /),
        retryable: false,
      })
      await lock.release()
      await until(async () => (await waitingForLock()) === 0)
      expect(await sold()).toBe(0)
    },
  )

  it('if it is killed after Ctrl-C and before the verdict, the booking is not made', async () => {
    const lock = await lockShow(db, show)
    const { child, ended } = book([show, '--seats', '7'])
    await until(() => isWaitingForLock(db))
    daemon.kill('SIGSTOP')
    await signalAndWait(child, 'SIGINT')
    daemon.kill('SIGKILL')
    const { exitCode, document } = await ended
    await lock.release()
    expect([exitCode, document.error?.code]).toEqual([5, 'IN_DOUBT'])
    await until(async () => (await waitingForLock()) === 0)
    expect(await sold()).toBe(0)
  })

  it('if it is killed after Ctrl-C and the COMMIT, the booking is printed', async () => {
    const { ended, id } = await bookAndKill(['--seats', '7'], {
      meanwhile: (child) => signalAndWait(child, 'SIGINT'),
    })
    const { exitCode, document } = await ended
    expect([exitCode, document]).toEqual([0, expect.objectContaining({ id, status: 'CONFIRMED' })])
  })

  it('if it is killed after the COMMIT, the booking is printed with its warnings', async () => {
    const box = openTickets({ database: db.url })
    const startTime = new Date('2000-01-01T19:00:00Z')
    show = (await box.createShow({ name: 'Lear', startTime, plan: 'A 1 r2' })).id
    await box.close()
    const { exitCode, document } = await (await bookAndKill(['--seats', 'A1-A2'])).ended
    expect([exitCode, document]).toMatchObject([
      0,
      {
        warnings: [{ code: 'SHOW_STARTED' }, { code: 'RESTRICTED_VIEW', message: withFacts('A2') }],
      },
    ])
  })

  async function waitingForLock(): Promise<number> {
    const rows = await db.sql(
      `select from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rows.length
  }

  async function sold(): Promise<number> {
    const rows = await db.sql('select confirmed_seats_count as n from shows where id = $1', [show])
    return (rows as { n: number }[])[0]!.n
  }

  it('if it is killed while the outcome is unknown, the answer claims nothing, and names the booking', async () => {
    const lock = await lockShow(db, show)
    const { ended } = book([show, '--seats', '7', '--wait', '1s', '--key', 'lost'])
    await until(() => isWaitingForLock(db))
    daemon.kill('SIGKILL')
    const { exitCode, document } = await ended
    await lock.release()
    expect([exitCode, document.error?.code]).toEqual([5, 'IN_DOUBT'])
    expect(document.error).toMatchObject({
      message: expect.stringMatching(/ [0-9a-f-]{36}\b.* --key\b/),
      retryable: true,
    })
  })

  it('if it is killed after COMMIT, the booking is printed even if its warnings cannot be found', async () => {
    const { ended, id } = await bookAndKill(['--seats', '7'], {
      // A seat that the show does not have cannot be read by its label.
      meanwhile: async () => {
        await db.sql(`update bookings set seats = '{99999}' where show_id = $1`, [show])
      },
    })
    const { exitCode, document } = await ended
    expect([exitCode, document.id, document.status]).toEqual([0, id, 'CONFIRMED'])
  })

  it('if it is killed late, the command has only the rest of `--wait`', async () => {
    const lock = await lockShow(db, show)
    const began = performance.now()
    const { ended } = book([show, '--seats', '7', '--wait', '6s', '--key', 'late'])
    await until(() => isWaitingForLock(db))
    await until(() => performance.now() - began > 4500)
    daemon.kill('SIGKILL')
    const killed = performance.now()
    const { exitCode } = await ended
    await lock.release()
    expect(exitCode).toBe(5)
    expect(performance.now() - killed).toBeLessThan(5000)
  })

  /** Makes COMMIT take half a second, until the trigger is dropped. */
  async function slowCommits(): Promise<void> {
    await db.sql(
      `create or replace function slow_commit() returns trigger language plpgsql as
       $$ begin perform pg_sleep(0.5); return null; end $$`,
    )
    await db.sql(
      `create constraint trigger slow_commit after update on bookings
       initially deferred for each row execute function slow_commit()`,
    )
  }

  /** Stops the daemon in the COMMIT of a booking, and kills it when the booking is confirmed. */
  async function bookAndKill(
    args: readonly string[],
    {
      name = show,
      meanwhile,
    }: { name?: string; meanwhile?: (child: ChildProcess) => Promise<void> } = {},
  ) {
    await slowCommits()
    const { child, ended } = book([name, ...args])
    await until(() => isCommitting(db))
    daemon.kill('SIGSTOP')
    let id: string | undefined
    await until(async () => {
      const rows = await db.sql<{ id: string }>(
        `select id from bookings where show_id = $1 and status = 'CONFIRMED'`,
        [show],
      )
      id = rows[0]?.id
      return id !== undefined
    })
    await db.sql('drop trigger slow_commit on bookings')
    await meanwhile?.(child)
    daemon.kill('SIGKILL')
    return { ended, id }
  }

  it('if it hangs during a command, it is given up, and the booking is made once', async () => {
    const lock = await lockShow(db, show)
    const { ended } = book([show, '--seats', '7'])
    await until(() => isWaitingForLock(db))
    daemon.kill('SIGSTOP')
    await lock.release()
    const { exitCode, document, stderr } = await ended
    daemon.kill('SIGCONT')
    await until(async () => (await daemon.status()).under_way === 0)
    const rows = await db.sql('select id, status from bookings where show_id = $1', [show])
    expect(stderr).toEqual(withFacts(`${daemon.pid}`, `\`kill -9 ${daemon.pid}\``))
    expect([exitCode, rows]).toEqual([0, [{ id: document.id, status: 'CONFIRMED' }]])
  })

  it('sends signs of life while a command runs, and then its result', async () => {
    const lock = await lockShow(db, show)
    const { socket, heard } = await send({ silenceMs: 800 })
    await until(() => heard().includes('bookingId'))
    socket.write(`${JSON.stringify(START)}\n`)
    await until(() => /\}\n\n+$/.test(heard()))
    await lock.release()
    await once(socket, 'close')
    const result = JSON.parse(heard().trim().split('\n').at(-1)!)
    expect(result).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it.each([
    ['of another version', { program: 'another' }, 'It'],
    ['in another container', { container: 'mnt:[1]net:[2]' }, 'It'],
    ['with another time zone', { env: { HOME: '/nonexistent', TZ: 'Asia/Tokyo' } }, 'TZ'],
  ])('declines a command %s', async (which, other, fact) => {
    const { socket, heard } = await send(other)
    await once(socket, 'close')
    const { declined } = JSON.parse(heard())
    expect(declined).toEqual(withFacts(fact))
    said.push([`a command ${which}`, declined])
    expect((await counts()).declined).toBe(1)
    expect(await daemon.status()).toMatchObject({ declined_because: declined })
    expect(await recorded(db, show)).toBe(0)
  })

  /** A run request for seat 1, as a command would send it, except for these fields. */
  async function send(other: object) {
    const { program } = await queryDaemon(daemon.link)
    const argv = ['book', show, '--seats', '1', '--json']
    const { env } = askerOf(program, { HOME: '/nonexistent', DATABASE_URL: db.url })
    const request = {
      program,
      argv,
      env,
      cwd: '/',
      container: containerOfProcess(),
      silenceMs: 10_000,
    }
    const socket = connect(daemon.socket).setEncoding('utf8')
    let text = ''
    socket.on('data', (more: string) => {
      text += more
    })
    socket.write(`${JSON.stringify({ type: 'run', ...request, ...other })}\n`)
    return { socket, heard: () => text }
  }

  describe('with a pipe that is not read yet', () => {
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

    /** Through a shell, as Node makes a child's own stdout block when it is full. */
    const bookIntoIt = (...args: string[]) => {
      const words = [program, 'book', ...args, '--db', db.url, '--json']
      return spawn('bash', ['-c', 'exec "$0" "$@" >&3', process.execPath, ...words], {
        env: bareEnvironment,
        stdio: ['ignore', 'ignore', 'inherit', stdout],
      })
    }
    const isServed = () => until(async () => (await counts()).served === 1)
    const printed = async () => {
      stdout.destroy()
      return json((await reader)[0])
    }

    it('a long answer is written completely', async () => {
      const big = await insertShow(db, { seats: 60_000 })
      const ended = once(bookIntoIt(big, '--seats', '1-60000'), 'exit')
      await isServed()
      expect(await printed()).toMatchObject({ status: 'CONFIRMED', seats: oneTo(60_000) })
      expect((await ended)[0]).toBe(0)
    })

    it('a short answer is written as well when the pipe is full', async () => {
      fill(stdout)
      const ended = once(bookIntoIt(show, '--seats', '1'), 'exit')
      await isServed()
      expect(await printed()).toMatchObject({ status: 'CONFIRMED', seats: [1] })
      expect((await ended)[0]).toBe(0)
    })

    it('signals end a command that waits for its reader', async () => {
      const big = await insertShow(db, { seats: 100_000 })
      const words = [program, 'book', big, '--seats', '1-100000', '--db', db.url, '--json']
      const child = spawn(process.execPath, words, {
        env: bareEnvironment,
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
    'an answer that nobody reads, or that stdout does not accept, does not change the exit code',
    async () => {
      const to = (end: string) =>
        execa('bash', ['-c', `"$0" "$@" ${end}`, process.execPath, program, ...line], {
          extendEnv: false,
          env: bareEnvironment,
          reject: false,
        })
      const line = ['book', show, '--count', '1', '--db', db.url, '--json']
      const unread = await to('> >(exec true); echo $? >&2')
      expect(unread.stderr).toBe('0')
      const lost = await to('> /dev/full')
      expect(lost.exitCode).toBe(0)
      const [document, reason] = lost.stderr.split('\n')
      expect(JSON.parse(document!)).toMatchObject({ status: 'CONFIRMED', seats: [2] })
      expect(reason).toMatch(/: ENOSPC: .+\.$/)
      expect((await counts()).served).toBe(2)
    },
  )

  it('--debug says that the daemon ran the command, and prints its SQL', async () => {
    const { exitCode, stderr } = await book([show, '--seats', '1', '--debug']).ended
    expect(exitCode).toBe(0)
    expect(stderr).toEqual(withFacts(`process ${daemon.pid}`))
    expect(stderr).toMatch(/select .* for update/)
    const other = await book([show, '--seats', '2', '--debug'], { HOME: '/' }).ended
    expect(other.stderr).toEqual(withFacts(`process ${daemon.pid}`, 'HOME'))
    expect(await counts()).toEqual({ served: 1, declined: 1 })
  })

  it('a request contains the variables that matter, and no others', () => {
    const env = {
      ...{ TICKETS_OPERATOR: 'Ada', PGUSER: 'ada', DATABASE_URL: 'postgres:///x', HOME: '/h' },
      ...{ TZ: 'UTC', NODE_OPTIONS: '-r x' },
    }
    const others = { AWS_SECRET_ACCESS_KEY: 's', PATH: '/bin', SSH_AUTH_SOCK: '/s', MY_PGPASS: 'x' }
    expect(askerOf('', { ...env, ...others }).env).toEqual(env)
  })

  it('an invalid request ends its own connection, and no other', async () => {
    for (const nonsense of ['null', '5', '"x"', '{}', '{"type":"run"}', 'GET / HTTP/1.1']) {
      const socket = connect(daemon.socket)
      socket.end(`${nonsense}\n`).resume()
      await once(socket, 'close')
    }
    expect((await book([show, '--seats', '1']).ended).exitCode).toBe(0)
    expect((await counts()).served).toBe(1)
  })

  it('if it does not answer from the beginning, it is not waited for', async () => {
    daemon.kill('SIGSTOP')
    const { exitCode, document } = await book([show, '--seats', '7']).ended
    daemon.kill('SIGCONT')
    expect([exitCode, document.seats]).toEqual([0, [7]])
    await until(async () => (await counts()).served === 0)
    expect(await recorded(db, show)).toBe(1)
  })

  it('only its user can connect to it', async () => {
    const { mode } = await stat(daemon.socket)
    expect(mode & 0o077).toBe(0)
  })

  it('if another daemon replaces it, it finishes what it has accepted, and exits', async () => {
    const lock = await lockShow(db, show)
    const { ended } = book([show, '--seats', '1'])
    await until(() => isWaitingForLock(db))
    await rm(daemon.link)
    const next = await openDaemon({ db: db.url })
    const late = book([show, '--seats', '2'])
    await until(async () => (await next.status()).under_way === 1)
    await lock.release()
    expect([(await ended).exitCode, (await late.ended).exitCode]).toEqual([0, 0])
    await until(() => !isAlive(daemon.pid))
    await next.remove()
  })

  it.each([
    ['SIGTERM', () => Promise.resolve(daemon.kill('SIGTERM'))],
    ['`stop`', () => tickets(['daemon', 'stop'], { db: db.url })],
  ])('%s ends it after it has finished what it has accepted', async (_which, stop) => {
    const lock = await lockShow(db, show)
    const { ended } = book([show, '--seats', '1'])
    await until(() => isWaitingForLock(db))
    const stopped = stop()
    await until(() => !existsSync(daemon.link))
    const late = book([show, '--seats', '2'])
    expect(isAlive(daemon.pid)).toBe(true)
    await lock.release()
    expect((await ended).exitCode).toBe(0)
    expect((await late.ended).exitCode).toBe(0)
    await stopped
    await until(() => !isAlive(daemon.pid))
  })

  it('`stop` returns when its process has exited, and no booking opens another', async () => {
    expect(await tickets(['daemon', 'stop'], { db: db.url })).toMatchObject({ exitCode: 0 })
    // The kernel closes the sockets of a process just before the process counts as exited.
    await until(() => !isRunning(daemon.pid))
    const ended = await inWaves(oneTo(4), 2, (seat) => book([show, '--seats', String(seat)]).ended)
    expect(ended.map(({ exitCode }) => exitCode)).toEqual(ended.map(() => 0))
    expect((await daemon.status()).state).toBe('closed')
  })

  it('`stop` that cannot wait for the last booking says so: exit code 5', async () => {
    const lock = await lockShow(db, show)
    const { ended } = book([show, '--seats', '1'])
    await until(() => isWaitingForLock(db))
    const ran = await tickets(['daemon', 'stop', '--wait', '200ms', '--json'], { db: db.url })
    expect([ran.exitCode, ran.json().error.code]).toEqual([5, 'BUSY'])
    await lock.release()
    expect((await ended).exitCode).toBe(0)
    await until(() => !isAlive(daemon.pid))
  })

  it('if it hangs, every command that would use it reports that', async () => {
    daemon.kill('SIGSTOP')
    const sentence = `\`kill -9 ${daemon.pid}\``
    const run = (...args: string[]) => tickets(args, { db: db.url })
    const [status, json, stop, start, booked, quiet, dbStatus, dbJson] = await Promise.all([
      run('daemon', 'status'),
      run('daemon', 'status', '--json'),
      run('daemon', 'stop', '--wait', '1s'),
      run('daemon', 'start'),
      run('book', show, '--seats', '1', '--json'),
      run('book', show, '--seats', '2', '--json', '-q'),
      run('db', 'status'),
      run('db', 'status', '--json'),
    ])
    expect([status.exitCode, status.stdout]).toEqual([0, expect.stringMatching(/^state\thung$/m)])
    expect(status.stderr).toContain(sentence)
    expect([json.exitCode, json.json()]).toMatchObject([0, { state: 'hung', pid: daemon.pid }])
    for (const { exitCode, stderr } of [stop, start]) {
      expect([exitCode, stderr.replaceAll(/\s+/g, ' ')]).toEqual([
        5,
        expect.stringContaining(sentence),
      ])
    }
    expect([booked.exitCode, booked.json().seats]).toEqual([0, [1]])
    expect(booked.stderr).toContain(sentence)
    expect([quiet.exitCode, quiet.json().seats, quiet.stderr]).toEqual([0, [2], ''])
    expect(dbStatus.stdout).toMatch(/^daemon\thung\. .*`kill -9 \d+`/m)
    expect(dbJson.json().daemon).toEqual({ state: 'hung', pid: daemon.pid })
    expect(await sold()).toBe(2)
    expect(isAlive(daemon.pid)).toBe(true)
  })

  it.runIf(process.platform === 'linux')(
    'if it hangs so long that no more connections can wait, that is still reported',
    async () => {
      daemon.kill('SIGSTOP')
      const waiting: Socket[] = []
      for (let error: unknown; error === undefined; ) {
        const socket = connect(daemon.socket)
        waiting.push(socket)
        error = await once(socket, 'connect').then(
          () => undefined,
          (reason) => reason,
        )
      }
      const found = await tickets(['daemon', 'status', '--json'], { db: db.url })
      expect(found.json()).toMatchObject({ state: 'hung', pid: daemon.pid })
      const stopped = await tickets(['daemon', 'stop', '--json'], { db: db.url })
      expect([stopped.exitCode, stopped.json().error.code]).toEqual([5, 'BUSY'])
      expect((await book([show, '--seats', '1']).ended).exitCode).toBe(0)
      for (const socket of waiting) socket.destroy()
    },
  )

  it('if it hangs and has lost its link, `stop` reports that within `--wait`', async () => {
    daemon.kill('SIGSTOP')
    await rm(daemon.link)
    const wait = ['--wait', '500ms', '--json']
    const ran = await tickets(['daemon', 'stop', ...wait], { db: db.url })
    const message = withFacts(`\`kill -9 ${daemon.pid}\``)
    expect([ran.exitCode, ran.json().error]).toEqual([
      5,
      expect.objectContaining({ code: 'BUSY', message }),
    ])
  })
})

describe('tickets daemon', () => {
  let own: TestDatabase
  let cache: string
  let link: string
  beforeAll(async () => {
    own = await cloneDatabase()
  })
  afterAll(() => own.drop())
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'tickets-daemon-'))
    await copyCodeCache(cache)
    link = join(cache, 'tickets', basename(daemonLink(own.url, {})))
  })
  afterEach(async () => {
    await stopDaemon(link, 10_000, new AbortController().signal)
    await rm(cache, { recursive: true })
  })
  const environment = () => ({ DATABASE_URL: own.url, XDG_CACHE_HOME: cache })
  const run = (...args: string[]) => tickets(['daemon', ...args], { env: environment() })
  const status = () => queryDaemon(link)
  const book = (show: string, seat: number, env: NodeJS.ProcessEnv = {}) =>
    startBooking(own.url, [show, '--seats', String(seat)], { ...environment(), ...env }).ended

  it('starts in the background, runs bookings, reports that with the messages in test/wording/daemon.txt, and stops', async () => {
    const closed = (await run('status', '--json')).json()
    expect(closed).toMatchObject({ state: 'closed', pid: null, socket: link })
    const started = await run('start')
    expect(started).toMatchObject({ exitCode: 0, stdout: '' })
    expect(started.stderr).toEqual(withFacts('`tickets daemon stop`'))
    const show = await insertShow(own)
    const ended = await inWaves(oneTo(3), 3, (seat) => book(show, seat))
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
    expect((await run('status')).stdout).toMatch(
      /^state\topen\ndatabase\t.*\nsocket\t.*\npid\t\d+\nsince\t.*\nunder way\t0\nserved\t3\ndeclined\t0$/,
    )
    const { pid } = await status()
    const stopped = await run('stop')
    await until(() => !isAlive(pid!))
    const again = await run('stop')
    expect(again.exitCode).toBe(0)
    expect(again.stderr).not.toBe(stopped.stderr)
    await expectWording('daemon', [
      ...said,
      ['tickets daemon start', started.stderr],
      ['tickets daemon stop', stopped.stderr],
      ['tickets daemon stop', again.stderr],
    ])
    expect((await readdir(join(cache, 'tickets'))).filter((it) => /^daemon/.test(it))).toEqual([])
  })

  it('runs once, also if it is started twice or several times at once', async () => {
    const started = await Promise.all(oneTo(4).map(() => run('start', '--json')))
    expect(started.map((ran) => ran.json().state)).toEqual(oneTo(4).map(() => 'open'))
    const { pid } = await status()
    expect((await run('start', '--json')).json().pid).toBe(pid)
  })

  it('runs once for each data directory, and gets no command of another', async () => {
    const [one, other] = [join(cache, 'one'), join(cache, 'other')]
    const at = (dataDir: string, ...args: string[]) =>
      tickets(args, { env: { XDG_CACHE_HOME: cache, TICKETS_DATA_DIR: dataDir } })
    const started = (await at(one, 'daemon', 'start', '--json')).json()
    expect((await at(other, 'daemon', 'status', '--json')).json()).toMatchObject({
      state: 'closed',
      socket: expect.not.stringMatching(started.socket),
    })
    expect((await at(other, 'daemon', 'stop')).exitCode).toBe(0)
    expect((await at(one, 'daemon', 'status', '--json')).json()).toMatchObject({ state: 'open' })
    const line = ['book', 'Nowhere', '--count', '1', '--json']
    await at('/proc/other', ...line)
    expect((await at(`${one}/`, 'daemon', 'status', '--json')).json()).toMatchObject({
      pid: started.pid,
      served: 0,
    })
    await at(one, 'daemon', 'stop')
  })

  it('a relative XDG_CACHE_HOME or XDG_DATA_HOME is the same place for a daemon as for the command', async () => {
    const absolute = { XDG_CACHE_HOME: join(cache, 'cache'), XDG_DATA_HOME: join(cache, 'data') }
    const there = (env: NodeJS.ProcessEnv, ...args: string[]) =>
      tickets([...args, '--json'], {
        cwd: cache,
        env: { ...absolute, TICKETS_DATA_DIR: '', ...env },
      })
    // If root runs the tests, the server runs as another user, who must be able to enter the
    // directory.
    await chmod(cache, 0o755)
    await mkdir(join(cache, 'cache'))
    await copyCodeCache(join(cache, 'cache'))
    const show = ['--name', 'Cats', '--start-time', '2031-01-01T19:00Z', '--total-seats', '5']
    await there({}, 'show', 'create', ...show)
    for (const relative of [{ XDG_CACHE_HOME: 'cache' }, { XDG_DATA_HOME: 'data' }]) {
      const run = async (...args: string[]) => (await there(relative, ...args)).json()
      const { state, pid } = await run('daemon', 'start')
      expect(state).toBe('open')
      expect((await run('book', 'Cats', '--count', '1')).status).toBe('CONFIRMED')
      expect(await run('daemon', 'status')).toMatchObject({ pid, served: 1 })
      const { daemon, data_dir } = await run('db', 'status')
      expect([daemon, data_dir]).toEqual([{ state: 'open', pid }, expect.stringContaining(cache)])
      expect((await run('daemon', 'stop')).state).toBe('closed')
      await until(() => !isAlive(pid))
    }
    await there({}, 'db', 'stop')
  })

  it('a `.env` matters only if it names a database', async () => {
    const at = (cwd: string, ...args: string[]) =>
      tickets([...args, '--json'], {
        cwd,
        env: { XDG_CACHE_HOME: cache, TICKETS_DATA_DIR: join(cache, 'data') },
      })
    const { pid } = (await at(cache, 'daemon', 'start')).json()
    const [unrelated, named] = await Promise.all(
      ['PORT=80', `DATABASE_URL=${own.url}`].map(async (line) => {
        const directory = await mkdtemp(join(cache, 'project-'))
        await writeFile(join(directory, '.env'), line, { mode: 0o600 })
        return directory
      }),
    )
    expect((await at(unrelated!, 'daemon', 'status')).json()).toMatchObject({ pid })
    expect((await at(named!, 'daemon', 'status')).json()).toMatchObject({ state: 'closed' })
    await at(cache, 'daemon', 'stop')
    await at(cache, 'db', 'stop')
  })

  it('`start` opens another one if the open one would decline the commands of this shell', async () => {
    const first = (await run('start', '--json')).json()
    const elsewhere = { ...environment(), HOME: cache }
    const again = await tickets(['daemon', 'start', '--json'], { env: elsewhere })
    expect(again.json()).toMatchObject({ state: 'open', declined: 0 })
    expect(again.json().pid).not.toBe(first.pid)
    const show = await insertShow(own)
    await startBooking(own.url, [show, '--seats', '1'], elsewhere).ended
    expect(await status()).toMatchObject({ served: 1, declined: 0 })
  })

  it('`stop` stops all that were opened at once, and removes what a crash left', async () => {
    const started = await Promise.all(oneTo(4).map(() => run('start', '--json')))
    const { pid } = await status()
    process.kill(pid!, 'SIGKILL')
    await until(() => !isAlive(pid!))
    await run('start')
    await run('stop')
    await until(() => started.every((ran) => !isAlive(ran.json().pid)))
    const left = await readdir(join(cache, 'tickets'))
    expect(left.filter((name) => name.startsWith('daemon-'))).toEqual([])
  })

  it('one that another replaces leaves it alone, even if both have the same process id, as in two containers', async () => {
    const main = () => Promise.resolve(0)
    const [first, second] = oneTo(2).map(() => new Daemon(link, { environment: {}, main }))
    await first!.open()
    await second!.open()
    await first!.close()
    expect((await status()).state).toBe('open')
    await second!.close()
    expect((await status()).state).toBe('closed')
  })

  it('with no time to wait, nothing is handed over', async () => {
    await run('start')
    const show = await insertShow(own)
    const words = [show, '--seats', '1', '--wait', '0s']
    expect((await startBooking(own.url, words, environment()).ended).exitCode).toBe(0)
    expect(await status()).toMatchObject({ served: 0, declined: 0 })
  })

  it('`stress --daemon` books through it, and `stress` never does', async () => {
    const stress = (...args: string[]) =>
      tickets(['stress', '--bookings', '4', '--processes', '2', '--json', ...args], {
        env: environment(),
      })
    const refused = await stress('--daemon')
    expect([refused.exitCode, refused.json().error.code]).toEqual([2, 'INVALID_INPUT'])
    await run('start')
    expect((await stress()).json()).toMatchObject({ ok: true, mode: 'processes' })
    expect((await status()).served).toBe(0)
    expect((await stress('--daemon')).json()).toMatchObject({
      ...{ ok: true, bookings: 4, busy: 0, failed: 0 },
      ...{ mode: 'daemon', retries: null, problems: [], violations: [] },
    })
    expect((await status()).served).toBe(4)
  })

  it('`stress --daemon` fails if bookings did not go through it', async () => {
    await run('start')
    const env = { ...environment(), NODE_OPTIONS: '--no-deprecation' }
    const ran = await tickets(['stress', '--daemon', '--bookings', '2', '--json'], { env })
    expect([ran.exitCode, ran.json().problems]).toEqual([7, [withFacts('0', '2', 'NODE_OPTIONS')]])
  })

  it('`db status` reports whether bookings of the embedded server go through one', async () => {
    const dataDir = { XDG_CACHE_HOME: cache, TICKETS_DATA_DIR: join(cache, 'data') }
    const at = (...args: string[]) => tickets(args, { env: dataDir })
    expect((await at('db', 'status', '--json')).json()).toMatchObject({
      daemon: { state: 'closed', pid: null },
    })
    const { pid } = (await at('daemon', 'start', '--json')).json()
    expect((await at('db', 'status', '--json')).json()).toMatchObject({
      daemon: { state: 'open', pid },
    })
    expect((await at('db', 'status')).stdout).toMatch(new RegExp(`^daemon\topen: .* ${pid}$`, 'm'))
    await at('daemon', 'stop')
  })

  it('a command whose arguments now mean another database is not passed to it', async () => {
    const services = join(cache, 'services.conf')
    const env = { ...environment(), DATABASE_URL: '', PGSERVICE: 'box', PGSERVICEFILE: services }
    const show = await insertShow(db)
    await writeFile(services, serviceOf(own.url))
    const { pid } = await openDaemon({ env })
    await writeFile(services, serviceOf(db.url))
    const ran = await tickets(['book', show, '--seats', '1', '--json'], { env })
    expect([ran.exitCode, ran.json().status]).toEqual([0, 'CONFIRMED'])
    expect(await recorded(db, show)).toBe(1)
    expect((await tickets(['daemon', 'status', '--json'], { env })).json().state).toBe('closed')
    expect(await status()).toMatchObject({ pid, served: 0, declined: 0 })
  })

  it('is the same for all spellings of its database', async () => {
    const { username, pathname, searchParams } = new URL(own.url.replace('@/', '@local/'))
    const [host, port] = [searchParams.get('host')!, searchParams.get('port')!]
    const variables = {
      PGHOST: host,
      PGPORT: port,
      PGUSER: username,
      PGDATABASE: pathname.slice(1),
    }
    const { pid } = (await run('start', '--json')).json()
    const show = await insertShow(own)
    const env = { XDG_CACHE_HOME: cache, ...variables }
    const book = await tickets(['book', show, '--count', '1', '--json'], { env })
    expect(book.exitCode).toBe(0)
    const again = await tickets(['daemon', 'start', '--json'], { env })
    expect(again.json()).toMatchObject({ state: 'open', pid, served: 1, declined: 0 })
  })

  it('`db status` reports which database bookings go to, and whether through a daemon', async () => {
    const at = (...args: string[]) => tickets(['db', 'status', ...args], { env: environment() })
    const name = new URL(own.url.replace('@/', '@local/')).pathname.slice(1)
    const database = expect.stringContaining(`"${name}" on `)
    expect((await at('--json')).json()).toMatchObject({
      ...{ database, database_source: 'DATABASE_URL', daemon: { state: 'closed', pid: null } },
    })
    const { pid } = (await run('start', '--json')).json()
    expect((await at('--json')).json()).toMatchObject({ database, daemon: { state: 'open', pid } })
    const { stdout } = await at()
    expect(stdout).toMatch(new RegExp(`^[^\t]+\t[^"]*"${name}" on .* \\(DATABASE_URL\\)$`, 'm'))
    expect(stdout).toMatch(new RegExp(`^daemon\topen: .* ${pid}$`, 'm'))
    expect((await at('--json', '--db', db.url)).json().daemon.state).toBe('closed')
  })

  it('a relative path is resolved in the directory of the command', async () => {
    await writeFile(join(cache, 'services.conf'), serviceOf(own.url))
    const env = { XDG_CACHE_HOME: cache, PGSERVICE: 'box', PGSERVICEFILE: 'services.conf' }
    const daemon = await openDaemon({ env, cwd: cache })
    const show = await insertShow(own)
    const line = ['book', show, '--seats', '1', '--json']
    const ran = await tickets(line, { cwd: cache, env })
    expect([ran.exitCode, (await daemon.status()).served]).toEqual([0, 1])
    await daemon.remove()
  })

  it('opens if a crashed one has left its socket', async () => {
    const { pid } = (await run('start', '--json')).json()
    process.kill(pid, 'SIGKILL')
    await until(() => !isAlive(pid))
    const show = await insertShow(own)
    expect((await book(show, 1)).exitCode).toBe(0)
    expect(await status()).toMatchObject({ state: 'closed' })
    expect((await run('start', '--json')).json().state).toBe('open')
  })

  it('a database can be dropped as soon as its bookings are done', async () => {
    const dropped = await cloneDatabase()
    const env = { DATABASE_URL: dropped.url, XDG_CACHE_HOME: cache }
    const daemon = await openDaemon({ env })
    const words = [await insertShow(dropped), '--seats', '1']
    expect((await startBooking(dropped.url, words, env).ended).exitCode).toBe(0)
    expect((await daemon.status()).served).toBe(1)
    await dropped.drop({ force: false })
    await daemon.remove()
  })

  it.runIf(existsSync('/proc/self/fd'))(
    'keeps neither the secrets of the process that starts it nor its locks and pipes',
    async () => {
      const lock = join(cache, 'lock')
      const words = [process.execPath, program, 'daemon', 'start']
      await execa('bash', ['-c', 'exec 200>"$LOCK" 201>&1; "$@"', 'bash', ...words], {
        extendEnv: false,
        env: { ...bareEnvironment, ...environment(), PGPASSWORD: 'open sesame', LOCK: lock },
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

  it('if none can be opened, exits with 2 and one message', async () => {
    await rm(join(cache, 'tickets'), { recursive: true })
    await writeFile(join(cache, 'tickets'), '')
    for (const place of [cache, `/nonexistent/${'x'.repeat(120)}`, join(cache, 'x'.repeat(70))]) {
      const env = { DATABASE_URL: own.url, XDG_CACHE_HOME: place }
      const ran = await tickets(['daemon', 'start'], { env })
      expect([ran.exitCode, ran.stdout]).toEqual([2, ''])
      expect(ran.stderr).toEqual(withFacts('✗', 'XDG_CACHE_HOME'))
    }
    await rm(join(cache, 'tickets'))
  })

  it('a socket in a directory that others may write to is not used, and none is opened there', async () => {
    const { pid } = (await run('start', '--json')).json()
    await chmod(join(cache, 'tickets'), 0o777)
    const show = await insertShow(own)
    expect((await book(show, 1)).exitCode).toBe(0)
    expect((await run('start')).exitCode).toBe(2)
    await chmod(join(cache, 'tickets'), 0o700)
    expect(await status()).toMatchObject({ pid, served: 0 })
  })

  it('a booking file and --help are not passed to it', async () => {
    await run('start')
    const show = await insertShow(own)
    await writeFile(join(cache, 'rows.ndjson'), '{"seats":"1"}\n')
    const file = `--file=${join(cache, 'rows.ndjson')}`
    const ran = await tickets(['book', show, file, '--json'], { env: environment() })
    expect(ran.exitCode).toBe(0)
    await tickets(['book', '--help', '--json'], { env: environment() })
    expect(await recorded(own, show)).toBe(1)
    expect(await status()).toMatchObject({ served: 0, declined: 0 })
  })

  describe('with another program that listens in its place', () => {
    let server: Server
    afterEach(() => server.close())

    async function listen(onConnection: (socket: Socket) => void) {
      server = createServer({ allowHalfOpen: true }, onConnection)
      await once(server.listen(`${link}.1`), 'listening')
      await symlink(`${link}.1`, link)
    }

    it.each(['HTTP/1.1 400', 'null', '5', '"x"', '{}', '{"bookingId":7}'])(
      'that sends %s, the booking is made',
      async (words) => {
        await listen((socket) => socket.end(`${words}\n`).on('error', () => {}))
        const { exitCode, document } = await book(await insertShow(own), 1)
        expect([exitCode, document.seats]).toEqual([0, [1]])
      },
    )

    it.each([
      ['400ms', 400],
      ['3s', 1500],
      ['1h', 10_000],
    ])(
      'that sends nothing, `--wait %s` waits %i ms for a sign of life',
      async (wait, silenceMs) => {
        let request: { silenceMs: number } | undefined
        await listen((socket) => {
          socket
            .on('error', () => {})
            .once('data', (text) => {
              request = JSON.parse(String(text))
            })
        })
        const words = [await insertShow(own), '--seats', '1', '--wait', wait]
        const { ended } = startBooking(own.url, words, environment())
        await until(() => request !== undefined)
        expect(request?.silenceMs).toBe(silenceMs)
        expect((await ended).exitCode).toBe(0)
      },
    )

    it('that sends nothing after it has accepted, the booking is made once, under the same id', async () => {
      const id = '01900000-0000-7000-8000-000000000001'
      await listen((socket) => {
        socket.on('error', () => {}).once('data', () => socket.write(`{"bookingId":"${id}"}\n`))
      })
      const show = await insertShow(own)
      const words = [show, '--seats', '1', '--wait', '2s']
      const { exitCode, document } = await startBooking(own.url, words, environment()).ended
      expect([exitCode, document.id, await recorded(own, show)]).toEqual([0, id, 1])
    })
  })
})

/** The message about a daemon that has not answered in time. */
const HANGS = 'hangs: it does not answer'

/** A process that has ended and is not yet collected by its parent does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return process.platform !== 'linux' && isAlive(pid)
  }
}

/** A service file whose service `box` is this database. */
function serviceOf(url: string): string {
  const { username, pathname, searchParams } = new URL(url.replace('@/', '@local/'))
  const [host, port] = [searchParams.get('host'), searchParams.get('port')]
  return `[box]\nhost=${host}\nport=${port}\ndbname=${pathname.slice(1)}\nuser=${username}\n`
}

/** The answer without what differs from run to run: ids, references, times. */
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

/** With spaces, which JSON permits. */
function fill(socket: Socket): void {
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle
  try {
    for (;;) writeSync(fd, ' '.repeat(4096))
  } catch (error) {
    expect(error).toMatchObject({ code: 'EAGAIN' })
  }
}
