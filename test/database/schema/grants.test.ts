import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTickets } from '../../../src/index.js'
import { ask, serveHere } from '../../support/http.js'
import { runInProcess } from '../../support/in-process.js'
import { type OwnServer, startOwnServer } from '../../support/own-server.js'
import { withFacts } from '../../support/wording.js'

// Real logins: an operator who owns the databases, clerks who own nothing, and a stranger.
const CLERK = 'clerk'
const BOBBY = `Bobby "x.y" as 'z' \\? $1 $$; drop table shows; --`
const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`

let server: OwnServer
beforeAll(async () => {
  server = await startOwnServer({ hba: 'local all all trust' })
  for (const role of ['operator', 'stranger', CLERK, BOBBY]) {
    await server.run(`create role ${identifier(role)} login`)
  }
  for (const database of ['box', 'other']) {
    await server.run(`create database ${database} owner operator`)
    expect(await as('operator', ['migrate'], { database })).toMatchObject({ exitCode: 0 })
  }
})
afterAll(() => server.remove())

/** Runs one command line, logged in as `user`. */
function as(
  user: string,
  argv: string[],
  { database = 'box', env = {} }: { database?: string; env?: Record<string, string> } = {},
) {
  return runInProcess(argv, { DATABASE_URL: urlOf(user, database), ...env })
}

function urlOf(user: string, database = 'box'): string {
  const place = `host=${server.socketDir}&port=${server.port}`
  return `postgresql://${encodeURIComponent(user)}@/${database}?${place}`
}

/** Runs one statement, logged in as `user`, and returns its rows. */
async function sql(user: string, statement: string, database = 'box') {
  const { socketDir: host, port } = server
  const client = new pg.Client({ host, port, user, database, ssl: false })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

async function createShow(user: string, name: string): Promise<string> {
  const flags = ['--name', name, '--start-time', '2030-01-01T19:00Z', '--total-seats', '10']
  const ran = await as(user, ['show', 'create', ...flags, '--json'])
  expect(ran).toMatchObject({ exitCode: 0 })
  return ran.json().id
}

describe('a role without grants', () => {
  it.each([
    [['show', 'list']],
    [['book', 'Cats', '--seats', '1']],
    [['verify']],
    [['migrate']],
    [['migrate', '--status']],
    [['migrate', '--grant', 'stranger']],
  ])('gets one message and exit code 6 from %j', async (argv) => {
    const plain = await as('stranger', [...argv, '--quiet'])
    expect(plain).toMatchObject({ exitCode: 6, stdout: '' })
    expect(plain.stderr).toMatch(/^✗ .*"box" on \S+ as stranger .*grant.*\.\n$/)
    const json = await as('stranger', [...argv, '--quiet', '--json'])
    expect([json.exitCode, json.json().error.code, json.stderr]).toEqual([6, 'DB_AUTH', ''])
  })

  it('is advised to get grants, not to migrate, if it has no access to the schema itself', async () => {
    const env = { TICKETS_SCHEMA: 'box "office", x' }
    await sql('operator', `create schema ${identifier(env.TICKETS_SCHEMA)}`)
    expect(await as('operator', ['migrate'], { env })).toMatchObject({ exitCode: 0 })
    const closed = await as('stranger', ['show', 'list', '--json'], { env })
    expect([closed.exitCode, closed.json().error.code]).toEqual([6, 'DB_AUTH'])
    expect(closed.json().error.message).toMatch(/migrate --grant/)

    const granted = await as('operator', ['migrate', '--grant', CLERK], { env })
    expect(granted).toMatchObject({ exitCode: 0, stdout: 'granted clerk\n' })
    expect(await as(CLERK, ['show', 'list', '--json'], { env })).toMatchObject({ stdout: '[]\n' })
  })
})

describe.each([
  ['a role', CLERK],
  ['a role whose name is an SQL injection', BOBBY],
])('%s with the grants', (_, clerk) => {
  let show: string
  beforeAll(async () => {
    const granted = await as('operator', ['migrate', '--grant', clerk, '--json'])
    expect(granted.exitCode).toBe(0)
    expect(granted.json()).toEqual({ applied: [], granted: clerk })
    show = await createShow(clerk, `House of ${clerk}`)
  })

  it('books, holds, replays a key, is refused, looks and verifies', async () => {
    const book = (...flags: string[]) => as(clerk, ['book', show, ...flags, '--json'])
    const keyed = ['--seats', '1-3', '--key', `key of ${clerk}`]
    expect((await book(...keyed)).json()).toMatchObject({ status: 'CONFIRMED', replayed: false })
    expect((await book(...keyed)).json()).toMatchObject({ status: 'CONFIRMED', replayed: true })
    expect((await book('--count', '2', '--hold', '15m')).json()).toMatchObject({ status: 'HELD' })
    expect((await book('--seats', '3')).json()).toMatchObject({ error: { code: 'SEATS_TAKEN' } })
    expect((await as(clerk, ['show', 'view', show, '--json'])).json()).toMatchObject({
      booked_seats: [1, 2, 3],
      held_seats: [4, 5],
    })
    expect((await as(clerk, ['verify', show, '--json'])).json()).toMatchObject({
      ok: true,
      bookings: 3,
    })
    expect((await as(clerk, ['show', 'list', '--json'])).json()).toContainEqual(
      expect.objectContaining({ id: show, confirmed_seats_count: 3 }),
    )
    expect((await as(clerk, ['show', 'list', '--search', 'hou', '--json'])).json()).toContainEqual(
      expect.objectContaining({ id: show }),
    )
    expect(await as(clerk, ['migrate', '--check'])).toMatchObject({ exitCode: 0 })
  })

  it('is ready to book, which /readyz checks', async () => {
    const library = openTickets({ database: urlOf(clerk), env: {} })
    await expect(library.checkReady()).resolves.toBeUndefined()
    await library.close()
  })

  it('moves a show to a plan with other seat numbers, with seats that are sold, held and checked in', async () => {
    const library = openTickets({ database: urlOf(clerk), env: {} })
    const startTime = new Date('2030-01-01T19:00Z')
    const { id } = await library.createShow({ name: 'Lear', startTime, plan: 'A 1-3\nB 1-3' })
    const { booking } = await library.book(id, { seats: 'B2-B3' })
    await library.checkIn(booking.id, { seats: 'B2' })
    await library.book(id, { seats: 'A3', hold: 'forever' })
    await library.editShow(id, { plan: 'A 1-4\nB 1-3' })
    expect(await library.findBooking(booking.id)).toMatchObject({
      seatLabels: ['B2', 'B3'],
      admittedSeats: [6],
    })
    await library.book(id, { seats: 'A4' })
    expect(await library.verify({ show: id })).toMatchObject({ violations: [] })
    await library.close()
  })

  it('checks in a booking, and undoes that', async () => {
    const booked = (await as(clerk, ['book', show, '--seats', '6-7', '--json'])).json()
    const checkIn = async (...flags: string[]) =>
      (await as(clerk, ['booking', 'check-in', booked.reference, ...flags, '--json'])).json()
    expect(await checkIn()).toMatchObject({ admitted: [6, 7] })
    expect(await checkIn('--undo', '--seats', '7')).toMatchObject({ admitted: [7] })
    expect(
      await sql('operator', `select seat from admissions where booking_id = '${booked.id}'`),
    ).toEqual([{ seat: 6 }])
  })

  it('serves: a token of the operator books over HTTP, and an unknown one does not', async () => {
    const create = ['token', 'create', '--name', 'web', '--role', 'box-office', '--json']
    const { token } = (await as('operator', create)).json()
    const http = await serveHere(urlOf(clerk), { requireToken: true })
    const book = (secret: string) =>
      ask(`${http.url}/shows/${show}/book`, {
        body: { seats: [8] },
        headers: { authorization: `Bearer ${secret}` },
      })
    expect(await book('unknown')).toMatchObject({ status: 401 })
    expect(await book(token)).toMatchObject({ status: 201, body: { seats: [8] } })
    await http.close()
  })

  it('sweeps an abandoned booking, whose key is free again', async () => {
    const key = `abandoned by ${clerk}`
    await sql(
      'operator',
      `insert into bookings (id, reference, show_id, status, seats, key, key_request, pending_until)
       values (gen_random_uuid(), '${clerk === CLERK ? 'AAAA2222' : 'BBBB3333'}', '${show}',
               'PENDING', '{9}', ${pg.escapeLiteral(key)}, '{}', now() - interval '1 second')`,
    )
    const repaired = await as(clerk, ['verify', show, '--repair', '--yes', '--json'])
    expect(repaired.json()).toMatchObject({ ok: true, repaired: [expect.any(String)] })
    const again = await as(clerk, ['book', show, '--seats', '9', '--key', key, '--json'])
    expect(again.json()).toMatchObject({ status: 'CONFIRMED', replayed: false })
  })

  it.each([
    'delete from bookings',
    'delete from shows',
    `insert into history (show_id, action) values (gen_random_uuid(), 'forged')`,
    'delete from history',
    'update history set before = null',
    'truncate history',
    `insert into show_words values ('x', now(), gen_random_uuid())`,
    'delete from show_words',
    'truncate bookings',
    'truncate shows cascade',
    'drop table bookings',
    'drop table knex_migrations',
    'alter table bookings add column x int',
    'alter table shows drop constraint shows_count_matches_bits',
    'alter table bookings disable trigger all',
    'create index x on bookings (customer)',
    'create trigger x before insert on bookings execute function suppress_redundant_updates_trigger()',
    'create table x ()',
    'create schema x',
    'create view public.x as select 1',
    `update bookings set id = gen_random_uuid()`,
    `update bookings set reference = 'AAAA9999'`,
    `update bookings set key_request = '{}'`,
    `update bookings set key_scope = 'x'`,
    `update bookings set created_at = now()`,
    `update shows set id = gen_random_uuid()`,
    `update shows set created_at = now()`,
    `delete from knex_migrations`,
    `update knex_migrations set name = 'x'`,
    `insert into knex_migrations (name) values ('9999_x')`,
    `grant select on bookings to stranger`,
    'set role operator',
  ])('cannot %s', async (statement) => {
    const before = await sql('operator', CHECKSUM)
    await sql(clerk, statement).then(
      // This is only a warning: rights that a role may not grant are not granted, as the checksum
      // shows.
      () => expect(statement).toMatch(/^grant/),
      (error) => expect(error).toMatchObject({ code: '42501' }),
    )
    expect(await sql('operator', CHECKSUM)).toEqual(before)
  })

  it('cannot migrate, roll back or grant: one message, exit code 6, and nothing is changed', async () => {
    const before = await sql('operator', CHECKSUM)
    for (const argv of [
      ['migrate', '--rollback', '--yes'],
      ['migrate', '--grant', 'stranger'],
    ]) {
      const ran = await as(clerk, [...argv, '--json', '--quiet'])
      expect([ran.exitCode, ran.json().error.code]).toEqual([6, 'DB_AUTH'])
    }
    expect(await sql('operator', CHECKSUM)).toEqual(before)
    expect((await as('stranger', ['show', 'list', '--json'])).json().error.code).toBe('DB_AUTH')
  })

  // In the schema public, every user may do so up to PostgreSQL 14.
  it('cannot migrate or roll back even if it may create tables', async () => {
    await sql('operator', `grant create on schema public to ${identifier(clerk)}`)
    const before = await sql('operator', CHECKSUM)
    for (const argv of [['migrate'], ['migrate', '--rollback', '--yes']]) {
      const ran = await as(clerk, [...argv, '--json', '--quiet'])
      expect([ran.exitCode, ran.json().error.code]).toEqual([6, 'DB_AUTH'])
      expect(ran.json().error.message).toEqual(withFacts('"operator"'))
    }
    expect(await sql('operator', CHECKSUM)).toEqual(before)
    await sql('operator', `revoke create on schema public from ${identifier(clerk)}`)
  })

  it('cannot read the box office of another database', async () => {
    const ran = await as(clerk, ['show', 'list', '--json'], { database: 'other' })
    expect([ran.exitCode, ran.json().error.code]).toEqual([6, 'DB_AUTH'])
    for (const table of ['shows', 'bookings', 'knex_migrations']) {
      await expect(sql(clerk, `select * from ${table}`, 'other')).rejects.toMatchObject({
        code: '42501',
      })
    }
  })
})

const CHECKSUM = `select (select md5(string_agg(shows::text, '|' order by id)) from shows) as shows,
  (select md5(string_agg(bookings::text, '|' order by id)) from bookings) as bookings,
  (select relacl::text from pg_class where oid = 'bookings'::regclass) as grants`

describe('migrate', () => {
  it.each([[['migrate']], [['migrate', '--grant', CLERK]]])(
    'stays in the schema of the tables when another comes before it in the search path: %j',
    async (argv) => {
      // The search path begins with the schema named like the role.
      await sql('operator', 'create schema operator')
      const ran = await as('operator', [...argv, '--json'])
      expect([ran.exitCode, ran.json().applied]).toEqual([0, []])
      expect(
        await sql('operator', `select from pg_class where relnamespace = 'operator'::regnamespace`),
      ).toEqual([])
      await sql('operator', 'drop schema operator')
    },
  )
})

describe('a role that may create objects in the schema', () => {
  const migrate = async (...flags: string[]) =>
    (await as('operator', ['migrate', ...flags])).stderr.split('\n').slice(1).join(' ')

  it.each([
    ['everybody', 'public', [], / REVOKE CREATE ON SCHEMA public FROM public;/],
    ['everybody', 'public', ['--grant', CLERK], / FROM public;/],
    ['the role', CLERK, ['--grant', CLERK], / clerk .* FROM clerk;/],
    ['the role', BOBBY, ['--grant', BOBBY], /FROM "Bobby ""x\.y"" .*";/],
  ])(
    '%s: migrate warns about it, and shows how to revoke it (%s, %j)',
    async (_, role, flags, warning) => {
      const grantee = role === 'public' ? role : identifier(role)
      await sql('operator', `grant create on schema public to ${grantee}`)
      expect((await migrate(...flags)).replace(/\s+/g, ' ')).toMatch(warning)
      await sql('operator', `revoke create on schema public from ${grantee}`)
      expect(await migrate(...flags)).not.toMatch(/REVOKE/)
    },
  )

  it('the owner of the schema: migrate does not warn', async () => {
    await server.run('grant operator to stranger')
    for (const role of ['operator', 'owner', 'stranger']) {
      expect(await migrate('--grant', role)).not.toMatch(/REVOKE/)
    }
    await sql('operator', 'revoke all on all tables in schema public from stranger')
    await server.run('revoke operator from stranger')
  })
})

describe('migrate --grant', () => {
  it('gives the same grants once, in any number of runs, also at once', async () => {
    const grants = () =>
      sql(
        'operator',
        `${CHECKSUM}, (select array_agg(a order by a) from
      (select distinct attacl::text as a from pg_attribute where attacl is not null) x) as columns`,
      )
    await as('operator', ['migrate', '--grant', CLERK])
    const before = await grants()
    const ran = await Promise.all(
      [1, 2, 3, 4].map(() => as('operator', ['migrate', '--grant', CLERK])),
    )
    for (const { exitCode } of ran) expect(exitCode).toBe(0)
    expect(await grants()).toEqual(before)
  })

  it.each([
    ['a role that does not exist', 'nobody at all'],
    ['everybody', 'public'],
    ['a name that would be cut to an existing one', 'l'.repeat(64)],
    ['a list of roles', `${CLERK}, stranger`],
    ['nothing', ''],
    ['half a character', '\ud800'],
  ])('refuses %s: exit code 2, with one message', async (_, role) => {
    const before = await sql('operator', CHECKSUM)
    const ran = await as('operator', ['migrate', '--grant', role, '--quiet'])
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' })
    expect(ran.stderr).toMatch(/^✗ [^\n]+\.\n$/)
    expect(await sql('operator', CHECKSUM)).toEqual(before)
  })

  it('of an unknown role leaves a new database unmigrated: all or nothing', async () => {
    await server.run('create database fresh owner operator')
    const database = 'fresh'
    const refused = await as('operator', ['migrate', '--grant', 'nobody'], { database })
    expect(refused.exitCode).toBe(2)
    expect(await sql('operator', `select to_regclass('shows') as shows`, database)).toEqual([
      { shows: null },
    ])
    const granted = await as('operator', ['migrate', '--grant', CLERK, '--json'], { database })
    expect(granted.json()).toEqual({ applied: expect.any(Array), granted: CLERK })
    expect(await as(CLERK, ['show', 'list'], { database })).toMatchObject({ exitCode: 0 })
  })

  it('opens a database that is closed to PUBLIC, to this role only', async () => {
    const database = 'private'
    await server.run('create database private owner operator')
    await server.run('revoke connect on database private from public')
    await as('operator', ['migrate'], { database })
    const closed = await as(CLERK, ['show', 'list', '--json'], { database })
    expect([closed.exitCode, closed.json().error.code]).toEqual([6, 'DB_AUTH'])
    await as('operator', ['migrate', '--grant', CLERK], { database })
    expect(await as(CLERK, ['show', 'list'], { database })).toMatchObject({ exitCode: 0 })
    expect(await as('stranger', ['show', 'list'], { database })).toMatchObject({ exitCode: 6 })
  })

  it('reports what it may not grant', async () => {
    const database = 'borrowed'
    await server.run('create database borrowed')
    await server.run('revoke connect on database borrowed from public')
    await server.run('grant connect on database borrowed to operator')
    const { socketDir: host, port } = server
    const admin = new pg.Client({ host, port, user: 'owner', database, ssl: false })
    await admin.connect()
    await admin.query('grant create on schema public to operator')
    await admin.end()
    const ran = await as('operator', ['migrate', '--grant', CLERK, '--json'], { database })
    expect(ran.exitCode).toBe(6)
    expect(ran.json().error).toMatchObject({ code: 'DB_AUTH' })
    expect(ran.json().error.message).toEqual(withFacts('CONNECT on the database'))
    expect(await sql('operator', `select to_regclass('shows') as shows`, database)).toEqual([
      { shows: null },
    ])
  })
})
