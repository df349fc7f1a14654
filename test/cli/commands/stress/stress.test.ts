import { execaNode } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bareEnvironment, program, type Ran, tickets } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { insertShow } from '../../../support/shows.js'
import { openTerminal } from '../../../support/terminal.js'
import { until } from '../../../support/until.js'
import { withFacts } from '../../../support/wording.js'

let db: TestDatabase
beforeEach(async () => {
  db = await cloneDatabase()
})
afterEach(() => db.drop())

const schemas = `select nspname from pg_namespace where nspname like 'tickets_throwaway_%'`
/** In this process if the command needs no others. */
const stress = (...args: string[]): Promise<Omit<Ran, 'signal'>> => {
  const argv = ['stress', '--json', ...args]
  if (args.includes('--in-process')) return runInProcess(argv, { DATABASE_URL: db.url })
  return tickets(argv, { db: db.url })
}
const small = ['--in-process', '--bookings', '6', '--seats-per-booking', '1']

/** Damage that shows only when a booking is made: a trigger on `bookings`, in PL/pgSQL. */
async function onBookings(timing: string, body: string): Promise<void> {
  await db.sql(
    `create function damage() returns trigger language plpgsql as $$ begin ${body} end $$`,
  )
  await db.sql(`create ${timing} on bookings for each row execute function damage()`)
}

describe('stress on a throwaway show', () => {
  it('eight processes race for 24 bookings: none oversold, none lost, nothing left behind', async () => {
    const ran = await stress('--bookings', '24', '--processes', '8', '--seed', '7')
    expect(ran).toMatchObject({ exitCode: 0, stderr: expect.not.stringMatching(/Warning/) })
    const report = ran.json()
    expect(report).toMatchObject({ ok: true, bookings: 24, busy: 0, failed: 0, violations: [] })
    expect(report.confirmed + report.refused).toBe(24)
    expect(report.confirmed).toBeGreaterThan(0)
    expect(report.refused).toBeGreaterThan(0)
    for (const times of [report.latency_ms, report.process_ms]) {
      expect(Object.keys(times)).toEqual(['p50', 'p95', 'p99', 'max'])
      expect(times.p50).toBeLessThanOrEqual(times.p99)
      expect(times.max).toBeGreaterThan(0)
    }
    expect(report.per_second).toBeGreaterThan(0)
    expect(await db.sql(schemas)).toEqual([])
    expect(await db.sql('select id from shows')).toEqual([])
  })

  it('256 callers in one process: the same result', async () => {
    const report = (await stress('--in-process', '--bookings', '500')).json()
    expect(report).toMatchObject({ ok: true, bookings: 500, failed: 0, process_ms: null })
    expect(await db.sql(schemas)).toEqual([])
  })

  it('Ctrl-C exits with 130, and the schema is dropped', async () => {
    const args = ['stress', '--bookings', '5000', '--processes', '4']
    const terminal = openTerminal(process.execPath, [program, ...args], {
      env: { DATABASE_URL: db.url },
    })
    await terminal.waitFor(/ [1-9]\d* of 5,000/)
    terminal.press('ctrl-c')
    expect(await terminal.exit).toEqual({ code: 130, signal: null })
    await terminal.close()
    expect(await db.sql(schemas)).toEqual([])
  })

  it('SIGTERM to it alone exits with 143, ends its processes, and drops the schema', async () => {
    const running = execaNode(program, ['stress', '--processes', '4'], {
      reject: false,
      extendEnv: false,
      env: { ...bareEnvironment, DATABASE_URL: db.url },
    })
    await untilBooked()
    running.kill('SIGTERM')
    expect((await running).exitCode).toBe(143)
    expect(await db.sql(schemas)).toEqual([])
  })

  it('a killed run leaves its schema behind, and the next one drops it, but not one in use', async () => {
    const killed = execaNode(program, ['stress', '--in-process', '--bookings', '1000000'], {
      reject: false,
      extendEnv: false,
      env: { ...bareEnvironment, DATABASE_URL: db.url },
    })
    await untilBooked()
    expect(await stress(...small)).toMatchObject({ exitCode: 0 })
    expect(await db.sql(schemas)).toHaveLength(1)

    killed.kill('SIGKILL')
    await killed
    // The server takes a moment to notice that its client is dead.
    await until(async () => {
      expect(await stress(...small)).toMatchObject({ exitCode: 0 })
      return (await db.sql(schemas)).length === 0
    })
  })

  it('a login that may not create schemas is refused with what to do', async () => {
    const role = `limited_${Math.random().toString(36).slice(2)}`
    await db.sql(`create role ${role}`)
    const DATABASE_URL = `${db.url}&options=-c%20role%3D${role}`
    const ran = await runInProcess(['stress', '--json', ...small], { DATABASE_URL })
    await db.sql(`drop role ${role}`)
    expect(ran.exitCode).toBe(6)
    expect(ran.json().error.code).toBe('DB_AUTH')
    expect(ran.json().error.message).toEqual(withFacts('GRANT CREATE ON DATABASE'))
  })

  async function untilBooked(): Promise<void> {
    await until(async () => {
      const [row] = await db.sql<{ nspname: string }>(schemas)
      if (row === undefined) return false
      const table = `${row.nspname}.bookings`
      const [found] = await db.sql<{ there: boolean }>(
        `select to_regclass($1) is not null as there`,
        [table],
      )
      return found!.there && (await db.sql(`select 1 from ${table} limit 1`)).length > 0
    })
  }
})

describe('stress on a named show', () => {
  it('books it only with confirmation: without a terminal and --yes it exits with 2', async () => {
    await insertShow(db)
    const ran = await stress('Cats', ...small)
    expect(ran.exitCode).toBe(2)
    expect(ran.json().error).toMatchObject({ code: 'INPUT_REQUIRED' })
    expect(await db.sql('select id from bookings')).toEqual([])
  })

  it('asks on a terminal, and books nothing if the answer is no', async () => {
    await insertShow(db)
    const terminal = openTerminal(process.execPath, [program, 'stress', 'Cats', ...small], {
      env: { DATABASE_URL: db.url },
    })
    await terminal.waitFor(/\? .*6 .*Cats.*\(y\/N\)/)
    terminal.press('enter')
    expect(await terminal.exit).toEqual({ code: 130, signal: null })
    await terminal.close()
    expect(await db.sql('select id from bookings')).toEqual([])
  })

  it.each([
    ['in-process', ['--in-process', '--concurrency', '1']],
    ['processes', ['--processes', '1']],
  ])(
    '%s: the same seed requests the same bookings in the same order, another one others',
    async (_mode, flags) => {
      const run = async (seed: number) => {
        const show = await insertShow(db, { seats: 12, seatsPerRow: 6 })
        const args = ['--yes', '--bookings', '6', '--seed', String(seed), ...flags]
        expect(await stress(show, ...args)).toMatchObject({ exitCode: 0 })
        return db.sql(
          'select customer, seats, status from bookings where show_id = $1 order by id',
          [show],
        )
      }
      const first = await run(7)
      expect(first).toHaveLength(6)
      expect(await run(7)).toEqual(first)
      expect(await run(8)).not.toEqual(first)
    },
  )

  it('with --yes it books, and the bookings stay', async () => {
    await insertShow(db)
    const ran = await stress('Cats', '--yes', ...small)
    expect(ran).toMatchObject({ exitCode: 0 })
    expect(ran.json()).toMatchObject({ throwaway: false, bookings: 6 })
    const booked = await db.sql(`select id from bookings where status = 'CONFIRMED'`)
    expect(booked).toHaveLength(ran.json().confirmed)
  })
})

describe('stress reports why transactions were retried', () => {
  it.each([
    ['processes', ['--processes', '2']],
    ['in-process', ['--in-process']],
  ])('%s: a conflict is retried, counted, and not a failure', async (_mode, flags) => {
    await insertShow(db)
    await db.sql('create sequence turns')
    await onBookings(
      'trigger damage before update',
      `if nextval('turns') = 1 then raise sqlstate '40001'; end if; return new;`,
    )
    const ran = await stress('Cats', '--yes', '--bookings', '3', ...flags)
    expect(ran).toMatchObject({ exitCode: 0 })
    expect(ran.json().retries).toEqual({ connect: 0, conflict: 1, lost: 0 })
  })
})

describe('stress exits with 7', () => {
  const stressed = async (...args: string[]) => {
    const ran = await stress('Cats', '--yes', ...small, ...args)
    expect(ran.exitCode).toBe(7)
    expect(ran.json().ok).toBe(false)
    return ran.json()
  }

  it('for a seat that is marked as sold and is in no booking', async () => {
    const id = await insertShow(db)
    await db.sql(
      `update shows set booked_seats = set_bit(booked_seats, 9, 1), confirmed_seats_count = 1`,
    )
    const { violations } = await stressed()
    expect(violations).toMatchObject([{ code: 'SOLD_WITHOUT_BOOKING', show_id: id }])
  })

  it('for a confirmed booking that is not in the database', async () => {
    await insertShow(db)
    await onBookings(
      'trigger damage after update',
      `delete from bookings where id = new.id and status = 'CONFIRMED'; return null;`,
    )
    const { confirmed, violations } = await stressed()
    const lost = violations.filter(({ code }: { code: string }) => code === 'CONFIRMED_BUT_LOST')
    expect(confirmed).toBeGreaterThan(0)
    expect(lost).toHaveLength(confirmed)
  })

  it('for an exit code without an explanation, even if everything else is correct', async () => {
    await insertShow(db)
    await onBookings(
      'trigger damage before insert',
      `if new.customer = 'Customer 3' then raise exception 'a bug'; end if; return new;`,
    )
    const report = await stress('Cats', '--yes', '--bookings', '4', '--processes', '2')
    expect(report.exitCode).toBe(7)
    expect(report.json()).toMatchObject({ ok: false, failed: 1, violations: [] })
    expect(report.json().reasons).toContainEqual({ end: 'failed', reason: 'INTERNAL', count: 1 })
    expect(report.json().problems[0]).toMatch(/INTERNAL/)
  })

  it('if no booking succeeded, as nothing was tested then', async () => {
    await insertShow(db)
    await db.sql('update shows set cancelled_at = now()')
    const { confirmed, refused, problems } = await stressed()
    expect({ confirmed, refused }).toEqual({ confirmed: 0, refused: 6 })
    expect(problems).toEqual([expect.any(String)])
  })
})
