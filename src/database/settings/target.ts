import type pg from 'pg'
import type { SslMode } from './tls.js'

/** The source of a choice that a `.env` file made. */
export const DOT_ENV = '.env'

/** Which kind of server to use, as in libpq's `target_session_attrs`. */
export const sessionAttrs = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
] as const
export type SessionAttrs = (typeof sessionAttrs)[number]

/** Options of a TCP connection; the system's or Node's apply where one is missing. */
export interface SocketOptions {
  /** The time between two probes; a multiple of 1000, because the system counts in seconds. */
  keepAliveIntervalMs?: number | undefined
  /** How many probes may go unanswered. */
  keepAliveCount?: number | undefined
  /** How long sent data may stay unacknowledged. */
  userTimeoutMs?: number | undefined
}

/** A database to connect to, with everything that can be determined before connecting. */
export interface DatabaseTarget {
  kind: 'embedded' | 'given'
  /**
   * For node-postgres. A given database's password is a function, so that it is never printed by
   * accident.
   */
  connection: pg.ClientConfig
  /** The other servers of a list of hosts, in the order to try them. */
  otherHosts?: readonly pg.ClientConfig[]
  /** Absent if there is nothing to set. */
  socketOptions?: SocketOptions | undefined
  /** Which of the servers to use (default: `any`). */
  sessionAttrs?: SessionAttrs
  /** Whether to try the servers in random order. */
  isLoadBalanced?: boolean
  /** The names of given parameters that have no effect here. */
  withoutEffect?: readonly string[]
  /** For messages: `database "x" on host:port as user`; never includes a password. */
  name: string
  /** The source of the choice: `--db`, `DATABASE_URL`, `PGHOST, PGUSER`, `.env`, `embedded`. */
  source: string
  /** What gave each parameter, by libpq's name: `--db`, `service "sales"`, `PGPORT`. */
  origins?: Readonly<Record<string, string>>
  /** As in libpq (default: plain connections only). `connection.ssl` has the certificates. */
  sslMode?: SslMode | undefined
  /** `channel_binding=require`: refuses a login without channel binding. */
  channelBindingRequired?: boolean
  /** Called before each connection; throws if the server cannot be trusted. */
  verify?: () => void
  /** Starts the embedded server; absent for a given database. */
  revive?: () => Promise<void>
}

/** A database that the user chose with `--db`, a variable or a `.env` file. */
export type GivenTarget = DatabaseTarget & { kind: 'given' }
