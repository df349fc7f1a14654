import { escapeControls, quote } from '../../shared/quote.js'
import { lockTimeoutMs, statementTimeoutMs } from '../connection/begin.js'
import { OLDEST_SERVER } from '../connection/server-state.js'
import type { Database } from '../knex-pool.js'
import { withRetry } from '../retry.js'
import { missingPrivileges } from '../schema/grants.js'
import { schemaStatus } from '../schema/migrate.js'
import { query } from '../sql.js'
import { type Finding, ok, skipped, warning, wrong } from './check.js'
import { checkRoom, judgeCommit, median } from './machine-checks.js'

/** A server that accepted the login. */
export interface Server {
  db: Database
  isStandby: boolean
  role: string
  isSuper: boolean
  hasTables: boolean
  /** All that this login may see, by name. Times are in milliseconds. */
  settings: Readonly<Record<string, string>>
}

type ServerCheck = (server: Server) => Finding | Promise<Finding>

/** The checks that need a session, by their names. Each only reads. */
export const serverChecks: Readonly<Record<string, ServerCheck>> = {
  version: checkVersion,
  primary: checkPrimary,
  replication: checkReplication,
  durability: checkDurability,
  tls: checkTls,
  encoding: checkEncoding,
  'time-outs': checkTimeouts,
  schema: checkSchema,
  rights: checkRights,
  connections: checkConnections,
  clock: checkClock,
}

/** Logs in, and reads what most checks judge; the settings are those of a transaction. */
export async function readServer(db: Database): Promise<Server> {
  const row = await rowOf<Omit<Server, 'db'>>(
    db,
    `select pg_is_in_recovery() as "isStandby", rolname::text as role, rolsuper as "isSuper",
            to_regclass('shows') is not null as "hasTables",
            (select json_object_agg(name, setting) from pg_settings) as settings
     from pg_roles where rolname = current_user`,
  )
  return { db, ...row }
}

async function rowOf<Row>(db: Database, statement: string): Promise<Row> {
  const [row] = await withRetry(db, () => query<Row>(db.knex, statement))
  return row!
}

function checkVersion({ settings }: Server): Finding {
  const version = settings.server_version!
  const shown = `PostgreSQL ${escapeControls(version)}`
  if (Number.parseInt(version, 10) >= OLDEST_SERVER) return ok(shown)
  return wrong(`${shown} is too old`, `Upgrade the server to PostgreSQL ${OLDEST_SERVER} or later.`)
}

function checkPrimary({ isStandby, settings }: Server): Finding {
  if (isStandby) {
    return wrong(
      'the server is a standby: it can be read, but nothing can be booked',
      'Name the primary, or all hosts of the cluster.',
    )
  }
  if (settings.transaction_read_only === 'off') {
    return ok('the server is a primary, and can be written to')
  }
  return wrong(
    'the transactions of this login are read-only',
    'Set default_transaction_read_only to off for the role, the database and the server.',
  )
}

interface Replication {
  standbys: number
  /** Standbys whose state this login may see, and those that commits wait for. */
  visible: number
  synchronous: number
  bytesBehind: string | null
}

async function checkReplication(server: Server): Promise<Finding> {
  if (server.isStandby) return skipped('only a primary knows what its standbys lack')
  const { synchronous_standby_names: names = '', synchronous_commit: level = '' } = server.settings
  const { standbys, visible, synchronous, bytesBehind } = await rowOf<Replication>(
    server.db,
    `select count(pid)::integer as standbys, count(sync_state)::integer as visible,
            (count(*) filter (where sync_state in ('sync', 'quorum')))::integer as synchronous,
            max(pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn))::text as "bytesBehind"
     from pg_stat_replication`,
  )
  if (names !== '' && ['off', 'local'].includes(level)) {
    return warning(
      `synchronous_commit=${level} does not wait for the synchronous standby: a failover loses the latest bookings`,
      'Set synchronous_commit to on for the role, the database and the server.',
    )
  }
  if (names !== '' && visible === standbys && synchronous === 0) {
    return wrong(
      `commits wait for a synchronous standby (${quote(names)}), but none is connected, so no booking can complete`,
      'Start a standby again, or clear synchronous_standby_names for the time being.',
    )
  }
  if (names !== '' && synchronous === 0) {
    return skipped('this login may not see which standbys are synchronous; grant it pg_monitor')
  }
  if (names !== '') {
    return ok(`a booking is answered when a synchronous standby has it: a failover loses none`)
  }
  if (standbys === 0) {
    return ok('no standby: if the disk is lost, so is everything since the last backup')
  }
  const behind = bytesBehind === null ? '' : ` (now ${bytesBehind} bytes of WAL)`
  return warning(
    `no standby is synchronous: a failover loses the latest bookings${behind}`,
    'Set synchronous_standby_names, or keep the answers for `tickets verify --against`.',
  )
}

function checkDurability({ settings }: Server): Finding {
  const needed = ['fsync', 'full_page_writes', 'synchronous_commit']
  const off = needed.filter((name) => settings[name] === 'off')
  if (off.length === 0) return ok('a confirmed booking survives a crash of the server')
  return wrong(
    `${off.join(' and ')} ${off.length === 1 ? 'is' : 'are'} off: a crash can lose confirmed bookings`,
    'Turn this on for the server, the database and the role.',
  )
}

async function checkTls({ db: { knex, target } }: Server): Promise<Finding> {
  const { host = '' } = target.connection
  if (host.startsWith('/')) return ok('not needed on a Unix socket')
  const connection = await knex.client.acquireConnection()
  const { stream } = connection.connection
  await knex.client.releaseConnection(connection)
  const isHere = /^(localhost|127\.[\d.]+|::1)$/.test(host)
  const strict = 'Use sslmode=verify-full, with sslrootcert if the server has a CA of its own.'
  if (!stream.encrypted) {
    const plain = 'the connection is not encrypted'
    return isHere ? ok(`${plain}; it does not leave this machine`) : warning(plain, strict)
  }
  const shown = `the connection is encrypted (${stream.getProtocol()})`
  if (stream.authorized || isHere) return ok(shown)
  return warning(`${shown}, but nothing proves that the server is the right one`, strict)
}

function checkEncoding({ settings }: Server): Finding {
  const encoding = settings.server_encoding!
  if (encoding === 'UTF8') return ok(encoding)
  return wrong(
    `the encoding of the database is ${encoding}`,
    `Create another one: CREATE DATABASE tickets ENCODING 'UTF8' TEMPLATE template0;`,
  )
}

function checkTimeouts({ db: { waitMs }, settings }: Server): Finding {
  const lock_timeout = Number(settings.lock_timeout)
  const statement_timeout = Number(settings.statement_timeout)
  // PostgreSQL 17 and later have it.
  const transaction_timeout = Number(settings.transaction_timeout ?? 0)
  const inForce = `lock_timeout ${lock_timeout} ms, statement_timeout ${statement_timeout} ms`
  if (lock_timeout !== lockTimeoutMs(waitMs) || statement_timeout !== statementTimeoutMs(waitMs)) {
    return wrong(
      `the time-outs of a transaction are not in force: ${inForce}`,
      'Look for a pooler that changes them; session and transaction mode do not.',
    )
  }
  if (transaction_timeout > 0 && transaction_timeout <= waitMs) {
    return warning(
      `transaction_timeout is ${transaction_timeout} ms, less than --wait`,
      'Turn it off for the role: it ends a booking that waits for its show.',
    )
  }
  return ok(`in each transaction: ${inForce}`)
}

async function checkSchema({ db }: Server): Promise<Finding> {
  const { applied, pending, unknown } = await withRetry(db, () => schemaStatus(db.knex))
  const migrate = 'Run `tickets migrate` as the owner of the tables.'
  if (unknown.length > 0) {
    return wrong(
      `the schema is not this program's: it has ${quote(unknown.at(-1)!)}`,
      'Upgrade tickets, or name another database or schema.',
    )
  }
  if (pending.length === 0) return ok(`up to date: ${applied.at(-1)}`)
  const lacking =
    applied.length === 0 ? 'there are no tables' : `migrations are missing: ${pending.join(', ')}`
  return db.target.kind === 'embedded'
    ? ok(`${lacking}; the next command creates them`)
    : wrong(lacking, migrate)
}

async function checkRights({ db, role, isSuper, hasTables }: Server): Promise<Finding> {
  const shown = `the role ${quote(role)}`
  if (!hasTables) return skipped(`${shown} sees no tables of tickets`)
  const missing = await withRetry(db, () =>
    db.knex.transaction((trx) => missingPrivileges(trx, role)),
  )
  if (missing.length > 0) {
    return wrong(
      `${shown} lacks ${missing.join(', ')}`,
      `Run \`tickets migrate --grant ${escapeControls(role)}\` as the owner of the tables.`,
    )
  }
  if (isSuper && db.target.kind === 'given') {
    return warning(
      `${shown} is a superuser`,
      'Create a role for the box office, and give it its rights with `tickets migrate --grant`.',
    )
  }
  return ok(`${shown} may do all that a box office does`)
}

/** `serve` uses 11 by default (10 and one that listens), `book` one. */
const NEEDED = 12

async function checkConnections(server: Server): Promise<Finding> {
  const { most, left } = await rowOf<{ most: number; left: number }>(
    server.db,
    `select most, least(
              most - (select sum(numbackends) from pg_stat_database),
              case when datconnlimit >= 0 then datconnlimit - (
                select numbackends from pg_stat_database d where d.datid = pg_database.oid) end,
              case when rolconnlimit >= 0 and not rolsuper then rolconnlimit - (
                select count(*) from pg_stat_activity where usesysid = pg_roles.oid) end
            )::integer as left
     from (select current_setting('max_connections')::integer
                  - current_setting('superuser_reserved_connections')::integer
                  - coalesce(current_setting('reserved_connections', true), '0')::integer) as room (most),
          pg_database, pg_roles
     where datname = current_database() and rolname = current_user`,
  )
  const shown = `${Math.max(left, 0)} of ${most} connections are free`
  const advice = 'Close some, raise the limit (max_connections, CONNECTION LIMIT), or use a pooler.'
  if (left >= NEEDED) return ok(shown)
  return left > 0 ? warning(shown, advice) : wrong(shown, advice)
}

const MOST_SKEW_MS = 1000

async function checkClock(server: Server): Promise<Finding> {
  const before = Date.now()
  const { now } = await rowOf<{ now: number }>(
    server.db,
    'select extract(epoch from clock_timestamp())::float8 * 1000 as now',
  )
  const after = Date.now()
  // The server read its clock at some time between the two.
  const skewMs = now < before ? now - before : Math.max(0, now - after)
  if (Math.abs(skewMs) <= MOST_SKEW_MS) return ok("the server's clock agrees with this machine's")
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  return warning(
    `the server's clock is ${seconds} s ${skewMs < 0 ? 'behind' : 'ahead of'} this machine's`,
    "Synchronise both with NTP: the server's clock decides when a hold ends.",
  )
}

/** Checks the disk of a server that is reached by a Unix socket, and so runs on this machine. */
export async function checkDiskOf(server: Server): Promise<Finding> {
  if (!server.db.target.connection.host?.startsWith('/')) {
    return skipped(
      'the disk may be on another machine, and PostgreSQL does not report its free space',
    )
  }
  const { directory } = await rowOf<{ directory: string }>(
    server.db,
    `select current_setting('data_directory') as directory`,
  )
  return checkRoom(directory)
}

const COMMITS = 5

/**
 * Measures how much longer a transaction takes that the disk must store than one that only reads.
 * Writes a few bytes of WAL, and no row. Does not wait for a standby.
 */
export async function checkCommitsOf(server: Server): Promise<Finding> {
  if (server.isStandby) return skipped('a standby stores no commits of its own')
  const [reads, writes]: [number[], number[]] = [[], []]
  for (let i = 0; i < COMMITS; i++) {
    reads.push(await timeOf(server, 'select 1'))
    writes.push(
      await timeOf(
        server,
        `select set_config('synchronous_commit', 'local', true),
                pg_logical_emit_message(true, 'tickets', 'doctor')`,
      ),
    )
  }
  const ms = Math.max(median(writes) - median(reads), 0)
  return judgeCommit(ms, 'Put its WAL on faster storage: every booking waits for it.')
}

async function timeOf(server: Server, statement: string): Promise<number> {
  const start = performance.now()
  await rowOf(server.db, statement)
  return performance.now() - start
}
