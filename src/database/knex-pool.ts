import type { Socket } from 'node:net'
import knex, { type Knex } from 'knex'
import type pg from 'pg'
import { ANSWER_GRACE_MS, type Deadline, noAnswer, within } from '../shared/deadline.js'
import { invalidInput } from '../shared/errors.js'
import { onSecondSignal } from '../shared/interruption.js'
import { type SessionSettings, settingsInOptions } from './connection/begin.js'
import { knexClient } from './connection/knex-client.js'
import { pgConnect } from './connection/pg-connect.js'
import { traceQueries } from './connection/sql-trace.js'
import type { DatabaseTarget } from './settings/target.js'

/** An open database; the functions that use a database take it as their first argument. */
export interface Database {
  readonly knex: Knex
  readonly target: DatabaseTarget
  /** How many milliseconds to wait for a busy database. */
  readonly waitMs: number
  /** When the call that uses this database stops waiting; undefined: `waitMs` after each start. */
  readonly deadline?: Deadline
  /** When aborted, closes every connection (after a COMMIT under way) and makes no new ones. */
  readonly signal: AbortSignal | undefined
  /** Who makes the changes in this database's transactions (default: the session's operator). */
  readonly operator?: string
  /**
   * Delays an abort until the returned function is called, but no longer than the grace, or a
   * second interruption. Once COMMIT is sent, cutting the connection would only hide its outcome.
   */
  delayAbort(): () => void
  /**
   * Whether to wait for a server that refuses connections or is unknown: the user asked for it, or
   * there are several hosts, or a connection was made before, so that the server is restarting.
   */
  readonly awaitsServer: boolean
  /** Closes every connection, even those in use; returns soon and never throws. */
  close(): Promise<void>
}

/**
 * How to connect, and the settings of the sessions; `waitMs` also limits the wait for a connection.
 */
export interface KnexPoolOptions extends Omit<SessionSettings, 'given'> {
  /** Whether to wait even for a server that refuses connections or is unknown (default: false). */
  awaitsServer?: boolean | undefined
  /** The maximum number of connections (default: 1). */
  poolSize?: number | undefined
  /** Receives every statement with its time and its shortened bindings, and Knex's warnings. */
  trace?: ((line: string) => void) | undefined
  /** When aborted, cuts every connection at once, so that nothing more is committed. */
  signal?: AbortSignal | undefined
}

/**
 * Opens a database. Connects only with the first statement. Throws INVALID_INPUT for settings too
 * long to send to a server.
 *
 * Statements reject with the errors of node-postgres and the network; `withRetry` and
 * `translateFailure` interpret them.
 */
export function openKnexPool(target: DatabaseTarget, given: KnexPoolOptions): Database {
  const options = { ...given, waitMs: Math.min(Math.round(given.waitMs), LONGEST_MS) }
  checkStartUp(target)
  checkSchema(options)
  const sockets = new Set<Socket>()
  let awaitsServer = options.awaitsServer || hostCount(target) > 1
  let closing: Promise<void> | undefined
  const db = knex({
    ...knexSettings(target, options, sockets, () => {
      awaitsServer = true
    }),
    log: quietLog(options.trace),
  })
  if (options.trace) traceQueries(db, options.trace)
  const close = () => {
    closing ??= closePool(db, sockets)
    return closing
  }
  let delays = 0
  let hasBegunCommit = false
  const closeIfAborted = () => {
    if (options.signal?.aborted && delays === 0) void close()
  }
  const closeSoon = () => {
    closeIfAborted()
    setTimeout(close, ANSWER_GRACE_MS).unref()
  }
  options.signal?.addEventListener('abort', closeSoon, { once: true })
  if (options.signal) {
    onSecondSignal(options.signal, () => {
      void close()
      // The command still has to report what became of its COMMIT.
      return hasBegunCommit
    })
  }
  return {
    knex: db,
    target,
    waitMs: options.waitMs,
    signal: options.signal,
    delayAbort() {
      hasBegunCommit = true
      delays++
      return () => {
        delays--
        closeIfAborted()
      }
    },
    get awaitsServer() {
      return awaitsServer
    },
    close,
  }
}

/** Knex's settings; the `knex` tool's configuration file may use them too. */
export function knexSettings(
  target: DatabaseTarget,
  options: KnexPoolOptions,
  sockets: Set<Socket> = new Set(),
  onConnected: () => void = () => {},
): Knex.Config {
  const timeoutMs = connectTimeoutMs(target, options)
  const longestConnectMs = 2 * timeoutMs * hostCount(target) + 1000
  return {
    client: knexClient({
      session: { ...options, given: settingsInOptions(target.connection.options ?? '') },
      async connect() {
        const client = await pgConnect(target, { timeoutMs, sockets, onLost: dispose })
        onConnected()
        return client
      },
    }),
    // Knex needs a `connection` to make a pool. Knex never gets the rest, above all not the
    // password.
    connection: { database: target.connection.database! },
    // Saves a query at every start; Knex only needs to know that the version is 9.2 or later.
    version: '14',
    pool: {
      min: 0,
      max: options.poolSize ?? 1,
      // Exceeds the connection timeout (twice, if TLS is only preferred) of all hosts, so that its
      // error is reported.
      createTimeoutMillis: longestConnectMs,
      // Less than the grace, so that its error is reported.
      acquireTimeoutMillis: options.waitMs + ANSWER_GRACE_MS / 2,
    },
    // By default, each error's message includes every bound value, such as all seats of a house.
    compileSqlOnError: false,
  }
}

const defaultConnectTimeoutMs = 10_000
/** A quarter of what PostgreSQL and Node's timers can represent, as waits are added up: 6 days. */
const LONGEST_MS = Math.floor((2 ** 31 - 1) / 4)

/** For each host; together they must not take longer than the wait. */
function connectTimeoutMs(target: DatabaseTarget, { waitMs }: KnexPoolOptions): number {
  const count = hostCount(target)
  const configured = target.connection.connectionTimeoutMillis ?? defaultConnectTimeoutMs / count
  // A user who does not want to wait for a busy database still wants to connect to an idle one.
  return Math.min(configured || LONGEST_MS / count, Math.max(waitMs / count, 1000))
}

function hostCount({ otherHosts = [] }: DatabaseTarget): number {
  return 1 + otherHosts.length
}

/** Knex's pool checks this mark before it reuses a connection. */
function dispose(client: pg.Client & { __knex__disposed?: unknown }, reason: unknown): void {
  client.__knex__disposed = reason
}

/** Knex prints its own messages unless every one of these functions is given. */
function quietLog(trace: (line: string) => void = () => {}): Knex.Logger {
  const log = (message: unknown) => trace(`knex: ${String(message)}`)
  return { warn: log, error: log, debug: log, deprecate: log, enableColors: false }
}

/**
 * PostgreSQL limits a start-up message to 10,000 bytes; a longer one would look like a lost
 * connection.
 */
const longestStartUp = 9000

function checkStartUp({ connection, source }: DatabaseTarget): void {
  const { user = '', database = '', options = '', application_name = '' } = connection
  const texts = [user, database, options, application_name].join(' ')
  if (Buffer.byteLength(texts) <= longestStartUp && !texts.includes('\0')) return
  throw invalidInput(
    `The database setting (${source}) is too long or has a NUL. Check the user, the name and the options.`,
  )
}

/** PostgreSQL truncates a longer name, and would then work in another schema. */
const longestName = 63

function checkSchema({ schema = '' }: KnexPoolOptions): void {
  if (Buffer.byteLength(schema) <= longestName && !schema.includes('\0')) return
  throw invalidInput(
    `TICKETS_SCHEMA is not a valid name: PostgreSQL takes at most ${longestName} bytes, and no NUL.`,
  )
}

const goodbyeMs = 500

async function closePool(db: Knex, sockets: Set<Socket>): Promise<void> {
  const { pool } = db.client
  const isBusy = pool.numUsed() + pool.numPendingCreates() > 0
  // The pool waits without limit for connections in use.
  if (isBusy) cut(sockets)
  await within(goodbyeMs, db.destroy(), noAnswer).catch(() => {})
  cut(sockets)
}

function cut(sockets: Set<Socket>): void {
  // `pgConnect` recognises the mark, and tries no other host.
  const error = Object.assign(new Error('Connection terminated'), { isCut: true })
  for (const socket of sockets) socket.destroy(error)
}
