import { randomUUID } from 'node:crypto'
import type { Knex } from 'knex'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { down, up } from '../../migrations/0009_safe_triggers_and_logins.js'
import { openClient } from '../../src/client/open-client.js'
import { openKnexPool } from '../../src/database/knex-pool.js'
import { findDatabase } from '../../src/database/settings/settings.js'
import type { DatabaseTarget } from '../../src/database/settings/target.js'
import { runInProcess } from '../support/in-process.js'
import { migrateBefore } from '../support/migrate-before.js'
import { olderServers } from '../support/older-servers.js'
import { type OwnServer, startOwnServer } from '../support/own-server.js'

// Attacks by a clerk who knows SQL. The triggers write the history with the rights of the owner of
// the tables, so any code of the clerk that they ran would have these rights as well.

const databases = [
  { owner: 'super', schema: 'public', state: 'new' },
  { owner: 'super', schema: 'public', state: 'upgraded' },
  { owner: 'plain', schema: 'public', state: 'upgraded' },
  { owner: 'plain', schema: `Box "office" o'ne, $$ \\x \\? ?`, state: 'upgraded' },
]

/**
 * Every kind of database on the newest and the oldest server; the simplest kind on those between.
 */
const servers = [
  { postgres: 'the embedded server', databases },
  ...olderServers()
    .toSorted((one, other) => one.version - other.version)
    .map(({ version, programs }, index) => ({
      postgres: `PostgreSQL ${version}`,
      programs,
      databases: index === 0 ? databases : databases.slice(0, 1),
    })),
] as { postgres: string; programs?: string; databases: typeof databases }[]

/**
 * The trigger functions that run as their owner, and how a clerk might create triggers with them.
 */
const triggers: [name: string, table: string, event: string, level: string][] = [
  ['record_new_booking', 'bookings', 'insert', 'for each row'],
  [
    'record_changed_bookings',
    'bookings',
    'update',
    'referencing old table as previous new table as changed for each statement',
  ],
  [
    'record_deleted_bookings',
    'bookings',
    'delete',
    'referencing old table as gone for each statement',
  ],
  [
    'record_admissions',
    'admissions',
    'insert',
    'referencing new table as moved for each statement',
  ],
  ['record_show', 'shows', 'insert', 'for each row'],
  ['keep_show_words', 'shows', 'truncate', 'for each statement'],
  ['add_show_id', 'shows', 'insert', 'for each row'],
]

describe.each(servers)('on $postgres', ({ programs, databases }) => {
  let server: OwnServer
  beforeAll(async () => {
    server = await startOwnServer({ hba: 'local all all trust', ...(programs && { programs }) })
    await server.run('create role super login superuser')
    for (const role of ['plain', 'clerk', 'neighbour']) {
      await server.run(`create role ${role} login`)
    }
  })
  afterAll(() => server?.remove())

  describe.each(databases)('$state, schema $schema of $owner', ({ owner, schema, state }) => {
    const database = `box_${randomUUID().slice(0, 8)}`
    const env: { TICKETS_SCHEMA?: string } = schema === 'public' ? {} : { TICKETS_SCHEMA: schema }
    const S = pg.escapeIdentifier(schema)
    let ofOwner: pg.Client
    let ofClerk: pg.Client

    beforeAll(async () => {
      await server.run(`create database ${database} owner ${owner}`)
      ofOwner = await connect(owner)
      if (schema !== 'public') await ofOwner.query(`create schema ${S}`)
      if (state === 'upgraded') await withKnex((trx) => migrateBefore(trx, '0009'))
      const migrated = await runInProcess(['migrate', '--grant', 'clerk'], {
        DATABASE_URL: urlOf(owner),
        ...env,
      })
      expect(migrated).toMatchObject({ exitCode: 0 })
      // More rights than a clerk needs, so that every trigger can be fired.
      await ofOwner.query(`
        grant delete on ${S}.bookings, ${S}.shows to clerk;
        grant truncate on ${S}.shows, ${S}.show_ids, ${S}.bookings, ${S}.admissions to clerk;
        set search_path = pg_catalog`)
    })
    afterAll(() => ofOwner.end())
    beforeEach(async () => {
      ofClerk = await connect('clerk')
      return () => ofClerk.end()
    })

    function urlOf(user: string): string {
      return `postgresql://${user}@/${database}?host=${server.socketDir}&port=${server.port}`
    }

    async function connect(user: string): Promise<pg.Client> {
      const { socketDir: host, port } = server
      const client = new pg.Client({ host, port, user, database, ssl: false })
      await client.connect()
      return client
    }

    /**
     * Runs `work` in a transaction of the owner. Returns the users that the traps recorded in the
     * session.
     */
    async function withKnex(work: (trx: Knex.Transaction) => Promise<unknown>): Promise<string> {
      const target = findDatabase({ db: urlOf(owner), env: {}, cwd: '/', homeDir: '/' })
      const options = { waitMs: 1000, schema: env.TICKETS_SCHEMA }
      const { knex, close } = openKnexPool(target as DatabaseTarget, options)
      try {
        await knex.transaction(work)
        const { rows } = await knex.raw(`select current_setting('trap.users', true) as users`)
        return rows[0].users ?? ''
      } finally {
        await close()
      }
    }

    async function as(user: string, statements: string): Promise<void> {
      const client = await connect(user)
      await client.query(statements).finally(() => client.end())
    }

    async function history(): Promise<Record<string, unknown>[]> {
      return (await ofOwner.query(`select * from ${S}.history order by id`)).rows
    }

    /** The clerk makes each change, and the history records each of them correctly. */
    async function doEverything(): Promise<void> {
      const start = (await history()).length
      for (const statement of lifeIn(S)) await ofClerk.query(statement)
      const events = (await history()).slice(start)
      expect(events.map(({ action, before, after }) => [action, before, after])).toMatchObject(
        STORY,
      )
    }

    /** The users, other than the clerk, as whom the clerk's code ran. */
    async function trapped(): Promise<string[]> {
      const { rows } = await ofClerk.query(`select current_setting('trap.users', true) as users`)
      const users: string[] = (rows[0].users ?? '').split(' ')
      return users.filter((user) => user !== '' && user !== 'clerk')
    }

    it('temporary tables get no event, and their triggers never run', async () => {
      await ofClerk.query(`
        create function pg_temp.trap() returns trigger language plpgsql as $$
        begin ${SPRING}; return new; end $$`)
      const tables = ['history', 'show_words', 'show_ids', 'shows', 'bookings', 'admissions']
      for (const table of tables) {
        const { rows } = await ofOwner.query(
          `select string_agg(quote_ident(attname) || ' ' || atttypid::regtype, ', ') as columns
           from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
          [`${S}.${table}`],
        )
        await ofClerk.query(`
          create temp table ${table} (${rows[0].columns});
          grant all on pg_temp.${table} to public;
          create trigger trap before insert or update or delete on pg_temp.${table}
          for each row execute function pg_temp.trap()`)
      }
      await doEverything()
      expect(await trapped()).toEqual([])
      for (const table of tables) {
        const { rowCount } = await ofClerk.query(`select from pg_temp.${table}`)
        expect([table, rowCount]).toEqual([table, 0])
      }
    })

    it('a trigger on a temporary history table gets neither superuser rights nor those of the owner', async () => {
      await ofClerk.query(`
        create temp table history as select * from ${S}.history limit 0;
        grant all on pg_temp.history to public;
        create function pg_temp.trap() returns trigger language plpgsql as $$
        begin
          execute format('grant create on database %I to clerk', current_database());
          if current_user = 'super' then alter role clerk superuser; end if;
          return new;
        end $$;
        create trigger trap before insert on pg_temp.history
        for each row execute function pg_temp.trap()`)
      for (const statement of lifeIn(S)) await ofClerk.query(statement)
      const { rows } = await ofOwner.query(
        `select rolsuper, has_database_privilege(oid, current_database(), 'create') as may_create
         from pg_roles where rolname = 'clerk'`,
      )
      expect(rows).toEqual([{ rolsuper: false, may_create: false }])
    })

    // As every user may in the schema public up to PostgreSQL 14.
    it('better-fitting functions and operators of another user are not called', async () => {
      await ofOwner.query(`grant create, usage on schema ${S} to neighbour`)
      await as('neighbour', plantedIn(S))
      await doEverything()
      expect(await trapped()).toEqual([])
      // Nor are functions that are created after that.
      const users = await withKnex(async (trx) => {
        await down(trx)
        await up(trx)
      })
      expect(users).toBe('')
      await doEverything()
      expect(await trapped()).toEqual([])
      await as('super', 'drop owned by neighbour')
    })

    it('the search path of the clerk hides no change', async () => {
      await as('super', 'create schema own authorization clerk')
      await ofClerk.query(`
        create function own.jsonb_strip_nulls(jsonb) returns jsonb
        language sql as $$ select jsonb '{}' $$;
        set search_path = own, pg_catalog`)
      await doEverything()
      await as('super', 'drop schema own cascade')
    })

    it.each(triggers)(
      '%s does nothing for a table of the clerk',
      async (name, table, event, level) => {
        const make = (on: string) =>
          `create trigger t after ${event} on ${on} ${level} execute function ${S}.${name}()`
        await ofClerk.query(`create temp table decoy as select * from ${S}.${table} limit 0`)
        await expect(ofClerk.query(make('decoy'))).rejects.toMatchObject({ code: '42501' })

        // A trigger from before this was forbidden, or a backup that was restored without
        // privileges.
        await ofOwner.query(`grant execute on function ${S}.${name}() to clerk`)
        await ofClerk.query(make('decoy'))
        await ofOwner.query(`revoke execute on function ${S}.${name}() from clerk`)
        await ofClerk.query(`
          create function pg_temp.real(decoy) returns ${S}.${table} language plpgsql as $$
          begin ${SPRING}; return null; end $$;
          create cast (decoy as ${S}.${table}) with function pg_temp.real(decoy) as implicit`)
        const before = await history()
        const forge = async () => {
          await ofClerk.query(forged[table]!)
          for (const change of ['update decoy set show_id = show_id', 'delete from decoy']) {
            await ofClerk.query(change.replaceAll('show_id', table === 'shows' ? 'id' : 'show_id'))
          }
          await ofClerk.query('truncate decoy')
        }
        await expect(forge()).rejects.toMatchObject({ code: '42501' })
        expect(await history()).toEqual(before)
        expect(await trapped()).toEqual([])
      },
    )

    it('the login is that of the session, regardless of the operator that is given', async () => {
      const start = (await history()).length
      await ofClerk.query(`set tickets.operator = 'plain'`)
      await doEverything()
      for (const event of (await history()).slice(start)) {
        expect(event).toMatchObject({ operator: 'plain', login: 'clerk' })
      }
    })

    it.each([
      `insert into ${S}.history (show_id, action, login) values (gen_random_uuid(), 'x', 'plain')`,
      `update ${S}.history set login = 'plain'`,
      `delete from ${S}.history`,
      `set session authorization plain`,
      `set role plain`,
      `set session_replication_role = replica`,
      `drop function ${S}.record_show() cascade`,
      `alter function ${S}.record_show() reset search_path`,
      `alter function ${S}.record_show() owner to clerk`,
      `alter table ${S}.history alter column login set default 'plain'`,
      `alter table ${S}.history disable trigger all`,
    ])('a clerk may not %s', async (statement) => {
      await expect(ofClerk.query(statement)).rejects.toMatchObject({ code: '42501' })
    })

    it('every function has a fixed search path, in a throwaway schema as well', async () => {
      const check = async (name: string) => {
        const { rows } = await ofOwner.query(FUNCTIONS, [name])
        expect(rows.filter(({ is_safe }) => !is_safe)).toEqual([])
        // Each of them is attacked in a test above.
        const runAsOwner = rows.filter(({ runs_as_owner }) => runs_as_owner)
        expect(runAsOwner.map(({ name }) => name)).toEqual(triggers.map(([name]) => name).sort())
      }
      await check(schema)
      const client = openClient({ database: urlOf(owner), env })
      await client.withThrowaway((_, throwaway) => check(throwaway))
      await client.close()
    })
  })
})

/** The clerk's code, in plpgsql: it records the user it runs as in a setting. */
const SPRING = `perform set_config('trap.users',
  concat_ws(' ', current_setting('trap.users', true), current_user), false)`

/** The whole life of a show and a booking. */
function lifeIn(S: string): string[] {
  const [show, booking] = [randomUUID(), randomUUID()]
  return [
    `insert into ${S}.shows (id, name, start_time, time_zone, total_seats, booked_seats)
     values ('${show}', 'Cats', '2031-01-01T19:00Z', 'UTC', 8, '\\x00')`,
    `update ${S}.shows set name = 'Dogs' where id = '${show}'`,
    `insert into ${S}.bookings (id, reference, show_id, status, seats, customer)
     values ('${booking}', 'AAAA2222', '${show}', 'HELD', '{1,2}', 'Ada')`,
    `update ${S}.bookings set status = 'CONFIRMED' where id = '${booking}'`,
    `update ${S}.bookings set seats = '{2,3}' where id = '${booking}'`,
    `update ${S}.bookings set seats = '{3}', cancelled_seats = '{2}' where id = '${booking}'`,
    `update ${S}.bookings set note = 'aisle' where id = '${booking}'`,
    `insert into ${S}.admissions (show_id, seat, booking_id) values ('${show}', 3, '${booking}')`,
    `delete from ${S}.admissions where booking_id = '${booking}'`,
    `update ${S}.bookings set status = 'CANCELLED' where id = '${booking}'`,
    `delete from ${S}.bookings where id = '${booking}'`,
    `update ${S}.shows set cancelled_at = now() where id = '${show}'`,
    `delete from ${S}.shows where id = '${show}'`,
    `truncate ${S}.shows, ${S}.show_ids, ${S}.bookings, ${S}.admissions`,
  ]
}

/** The events that the history records for it. */
const STORY = [
  ['created', null, { name: 'Cats', total_seats: 8 }],
  ['edited', { name: 'Cats' }, { name: 'Dogs' }],
  ['held', null, { status: 'HELD', seats: [1, 2], customer: 'Ada' }],
  ['confirmed', { status: 'HELD' }, { status: 'CONFIRMED' }],
  ['moved', { seats: [1, 2] }, { seats: [2, 3] }],
  ['reduced', { seats: [2, 3] }, { seats: [3], cancelled_seats: [2] }],
  ['edited', {}, { note: 'aisle' }],
  ['checked in', null, { seats: [3] }],
  ['check-in undone', { seats: [3] }, null],
  ['cancelled', { status: 'CONFIRMED' }, { status: 'CANCELLED' }],
  ['deleted', { status: 'CANCELLED', note: 'aisle' }, null],
  ['cancelled', {}, { cancelled_at: expect.any(String) }],
  ['deleted', { name: 'Dogs' }, null],
]

/** A row for a copy of each table; without rows, the clerk's triggers would not fire. */
const forged: Record<string, string> = {
  bookings: `insert into decoy (id, show_id, status, seats)
             values (gen_random_uuid(), gen_random_uuid(), 'HELD', '{1}')`,
  shows: `insert into decoy (id, name, start_time) values (gen_random_uuid(), 'Forged', now())`,
  admissions: `insert into decoy (show_id, seat, booking_id)
               values (gen_random_uuid(), 1, gen_random_uuid())`,
}

/**
 * Functions and operators in the program's schema whose parameter types match the arguments of the
 * program's calls better than PostgreSQL's general ones.
 */
function plantedIn(S: string): string {
  const make = (signature: string, type: string, result = 'null') => `
    create function ${S}.${signature} returns ${type} language plpgsql immutable as $$
    begin ${SPRING}; return ${result}; end $$;`
  const operator = (name: string, left: string, right: string, type = 'boolean') => {
    const helper = `planted_${name.length}_${Buffer.from(name + left + right).toString('hex')}`
    return `${make(`${helper.slice(0, 60)}(${left}, ${right})`, type)}
      create operator ${S}.${name} (leftarg = ${left}, rightarg = ${right},
                                    function = ${S}.${helper.slice(0, 60)});`
  }
  const repeat = (pairs: string[]) => pairs.map((type) => `text, ${type}`).join(', ')
  return [
    ...['<@', '@>', '&&', '=', '<>'].map((name) => operator(name, 'integer[]', 'integer[]')),
    ...['=', '<>'].map((name) => operator(name, 'oid', 'regclass')),
    operator('->>', 'jsonb', 'jsonb', 'text'),
    make(
      `jsonb_build_object(${repeat([
        ...['uuid', 'text', 'integer[]', 'text', 'text', 'timestamptz', 'text'],
        ...['integer[]', 'text', 'uuid'],
      ])})`,
      'jsonb',
    ),
    make(
      `jsonb_build_object(${repeat(['text', 'timestamptz', 'text', 'integer', 'integer', 'timestamptz'])})`,
      'jsonb',
    ),
    make(`jsonb_build_object(text, integer[])`, 'jsonb'),
    make('jsonb_strip_nulls(jsonb)', 'jsonb'),
    make('cardinality(integer[])', 'integer'),
    make('to_tsvector(text, text)', 'tsvector'),
    make('convert_to(text, text)', 'bytea'),
    make('collect(integer[], integer)', 'integer[]'),
    `create aggregate ${S}.array_agg(integer) (sfunc = ${S}.collect, stype = integer[]);`,
  ].join('\n')
}

/**
 * The functions in the schema $1. A function is safe if it has a fixed search path or resolved its
 * names when it was created, and if it runs as its owner only in triggers that the owner created.
 */
const FUNCTIONS = `
  select proname as name, prosecdef as runs_as_owner, proconfig, proacl,
         not (prosecdef and has_function_privilege('public', pg_proc.oid, 'execute'))
         and (prosqlbody is not null or coalesce(
           proconfig @> array['search_path=pg_catalog, ' || quote_ident(nspname) || ', pg_temp'],
           false)) as is_safe
  from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
  where nspname = $1
  order by proname`
