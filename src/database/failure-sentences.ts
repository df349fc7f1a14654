import type pg from 'pg'
import type { ErrorCode } from '../shared/errors.js'
import { escapeControls } from '../shared/quote.js'
import type { Writability } from './connection/server-state.js'
import { formatHost } from './settings/hosts.js'
import type { DatabaseTarget } from './settings/target.js'

/** An expected failure: its code, and the message that users see. */
export interface ExpectedFailure {
  code: ErrorCode
  sentence: (target: DatabaseTarget) => string
  /** What is wrong with one of several hosts, as a clause. */
  reason?: string | undefined
}

const expected = (
  code: ErrorCode,
  sentence: ExpectedFailure['sentence'],
  reason?: string,
): ExpectedFailure => ({ code, sentence, reason })

const unreachable = (what: string) =>
  expected(
    'DB_UNREACHABLE',
    (target) => `Cannot reach ${target.name}: ${what}. ${advice(target)}`,
    what,
  )

const busy = (what: string) =>
  expected(
    'BUSY',
    (target) => `The ${target.name} is busy: ${what}. Try again, or wait longer.`,
    what,
  )

const notMigrated = expected(
  'NOT_MIGRATED',
  (target) => `The ${target.name} has no tickets tables yet. Run "tickets migrate".`,
)

const columnMissing = expected(
  'NOT_MIGRATED',
  (target) =>
    `The ${target.name} lacks a column that was expected. Run "tickets migrate --status" to see whether its schema was rolled back.`,
)

/**
 * Two clients share a server connection, and one finds the other's prepared statements or misses
 * its own.
 */
const preparedLost = expected(
  'DB_UNREACHABLE',
  (target) =>
    `The connection pooler in front of ${target.name} loses prepared statements. Use its session mode, or PgBouncer 1.21 or later with max_prepared_statements.`,
)

const loginRefused = expected(
  'DB_AUTH',
  (target) =>
    `The ${target.name} refuses the login. Check the user, the password and the server's pg_hba.conf. ${origin(target)}`,
)

/** The messages for network failures, by the system call's error code. */
export const networkSentences: Readonly<Record<string, ExpectedFailure>> = {
  ECONNREFUSED: unreachable('nothing is listening there'),
  ENOENT: unreachable('its Unix socket does not exist'),
  ENOTDIR: unreachable('its Unix socket does not exist'),
  EACCES: unreachable('this user may not use its Unix socket'),
  EPERM: unreachable('this user may not connect there'),
  EINVAL: unreachable('the address is not valid'),
  ENOTFOUND: unreachable('its host name is unknown'),
  EAI_AGAIN: unreachable('its host name cannot be looked up at the moment'),
  ETIMEDOUT: unreachable('it does not answer'),
  EHOSTUNREACH: unreachable('there is no route to its host'),
  EHOSTDOWN: unreachable('its host is down'),
  ENETUNREACH: unreachable('its network is unreachable'),
  ENETDOWN: unreachable('the network is down'),
  ECONNRESET: unreachable('the connection was cut'),
  ECONNABORTED: unreachable('the connection was cut'),
  EPIPE: unreachable('the connection was cut'),
  EAGAIN: busy('too many clients are connecting at once'),
  EADDRNOTAVAIL: busy('this machine has too many connections open'),
}

const conflict = busy('other transactions kept changing the same rows')

/**
 * The messages for the server's errors by SQLSTATE, and for failures that have no SQLSTATE of their
 * own.
 */
export const serverSentences = {
  states: {
    '28P01': loginRefused,
    '28000': loginRefused,
    '42501': expected(
      'DB_AUTH',
      (target) =>
        `The ${target.name} does not let that user do this. Ask its owner for the grants (\`tickets migrate --grant\`), or log in as its owner.`,
    ),
    '3D000': expected(
      'DB_MISSING',
      (target) => `There is no ${target.name}. Create it with "createdb". ${origin(target)}`,
    ),
    '57P04': expected('DB_MISSING', (target) => `The ${target.name} has just been dropped.`),
    '42P01': notMigrated,
    '3F000': notMigrated,
    // The program checked the schema before `migrate --rollback` removed the column.
    '42703': columnMissing,
    '53300': busy('all its connections are taken'),
    '57P03': busy('it is starting up or shutting down'),
    '55P03': busy('another transaction held the lock the whole time'),
    '40001': conflict,
    '40P01': busy('other transactions kept locking the same rows'),
    '57014': busy('the statement took too long and was cancelled'),
    '25P04': busy('the transaction took too long and was cancelled'),
    '26000': preparedLost,
    '42P05': preparedLost,
    '25006': expected(
      'DB_UNREACHABLE',
      (target) =>
        `The ${target.name} is read-only at the moment, and tickets needs to write. ${origin(target)}`,
    ),
    '22P05': expected(
      'INVALID_INPUT',
      (target) =>
        `The ${target.name} cannot store one of these characters, as its encoding is not UTF8. Leave it out, or move to a database whose encoding is UTF8.`,
    ),
    '53100': unreachable('its disk is full'),
    '53200': busy('it is out of memory'),
    '58030': unreachable('it cannot read or write its files'),
  } as Readonly<Record<string, ExpectedFailure>>,
  conflict,
  standby: expected(
    'DB_UNREACHABLE',
    (target) =>
      `The ${target.name} is a standby (read only), and tickets needs to write. Name the primary, or all servers: postgres://host1,host2/database. ${origin(target)}`,
  ),
  unfit: (server: Writability) => {
    const state = stateOf(server)
    return expected(
      'DB_UNREACHABLE',
      (target) =>
        `The ${target.name} is ${state}, which target_session_attrs=${target.sessionAttrs} rules out. ${origin(target)}`,
      `it is ${state}`,
    )
  },
  /** None of several hosts can be used. It is worth waiting if one of them is only busy. */
  noHost: (hosts: readonly { host: pg.ClientConfig; failure: ExpectedFailure }[]) => {
    const reasons = new Map(
      hosts.map(({ host: { host = '', port = 0 }, failure }) => [
        formatHost({ host, port }),
        failure.reason,
      ]),
    )
    const [first, ...others] = new Set(reasons.values())
    const what =
      others.length === 0 ? first! : Array.from(reasons, (each) => each.join(': ')).join('; ')
    return hosts.some(({ failure }) => failure.code === 'BUSY') ? busy(what) : unreachable(what)
  },
  lost: expected(
    'DB_UNREACHABLE',
    (target) => `The connection to ${target.name} was lost. ${advice(target)}`,
    'the connection was lost',
  ),
  login: (reason: string) =>
    expected(
      'DB_UNREACHABLE',
      (target) =>
        `The ${target.name} refuses the connection: ${escapeControls(reason)}. ${origin(target)}`,
    ),
  pooler: {
    parameter: (name: string) =>
      expected(
        'DB_UNREACHABLE',
        (target) =>
          `The connection pooler in front of ${target.name} refuses the start-up parameter ${escapeControls(name)}. Leave it out of the URL and of PGOPTIONS, or name it in the pooler's ignore_startup_parameters.`,
      ),
    serverAway: (reason: string) =>
      unreachable(`the connection pooler in front of it says: ${escapeControls(reason)}`),
    full: busy('the connection pooler in front of it has no connection to give'),
  },
  sequenceBehind: expected(
    'DB_MISSING',
    (target) =>
      `The ${target.name} cannot record changes: the sequence of its history is behind, as after logical replication. Ask its owner to run \`tickets verify --repair\`.`,
  ),
  poolTimeout: busy('all connections of this process are in use'),
  tlsDemanded: expected(
    'DB_TLS',
    (target) =>
      `The ${target.name} refuses a login without TLS. Use sslmode=require. ${origin(target)}`,
  ),
  tlsRefused: expected(
    'DB_TLS',
    (target) =>
      `The ${target.name} does not support TLS, but sslmode=${target.sslMode ?? 'require'} needs it. Turn TLS on in the server, or use sslmode=prefer.`,
  ),
  certificate: (reason: string) =>
    expected(
      'DB_TLS',
      (target) =>
        `The TLS connection to ${target.name} failed: ${reason}. Check the certificate, sslmode and sslrootcert.`,
    ),
}

function stateOf({ isStandby, isReadOnly }: Writability): string {
  if (isStandby) return 'a standby (read only)'
  return isReadOnly ? 'read-only at the moment' : 'a server that can write'
}

function advice(target: DatabaseTarget): string {
  if (target.kind === 'embedded') return 'Check it with "tickets db status".'
  return `Check the host and the port, and that the server is running. ${origin(target)}`
}

function origin(target: DatabaseTarget): string {
  return target.kind === 'embedded' ? '' : `(Set by ${target.source}.)`
}
