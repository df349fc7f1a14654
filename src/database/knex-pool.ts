import type { Socket } from 'node:net'
import knex, { type Knex } from 'knex'
import type pg from 'pg'
import { TicketsError } from '../shared/errors.js'
import { type SessionSettings, settingsInOptions } from './begin.js'
import { knexClient } from './knex-client.js'
import { pgConnect } from './pg-connect.js'
import type { DatabaseTarget } from './settings/target.js'
import { traceQueries } from './sql-trace.js'

/** An open database: what every function of the core is given. */
export interface Database {
  readonly knex: Knex
  readonly target: DatabaseTarget
  /** Milliseconds that a busy database is waited for. */
  readonly waitMs: number
  /** Once aborted, no connection is left open (after a COMMIT under way) and no new one is made. */
  readonly signal: AbortSignal | undefined
  /** Who changes something in the transactions from here; default: the session's operator. */
  readonly operator?: string
  /**
   * Makes an abortion wait until the returned function is called: once COMMIT is on its way,
   * cutting the connection would only hide what the server decides.
   */
  delayAbortion(): () => void
  /** Has a connection ever been made? Then a server that refuses one is restarting. */
  readonly hasConnected: boolean
  /** Ends every connection, cutting those in use; quick, and never throws. */
  close(): Promise<void>
}

export interface KnexPoolOptions {
  /** Milliseconds that a lock or a connection is waited for. */
  waitMs: number
  /** The most connections at once; 1 unless told. */
  poolSize?: number | undefined
  /** See this schema only; default: what the role's search path says. */
  schema?: string | undefined
  /** Who changes something, and from which command: what the history says of it. */
  operator?: string | undefined
  command?: string | undefined
  /** Gets every statement with its time and its shortened bindings, and Knex' own complaints. */
  trace?: ((line: string) => void) | undefined
  /** When aborted, every connection is cut at once, so that nothing more is committed. */
  signal?: AbortSignal | undefined
}

/**
 * Opens a database lazily: nothing connects before the first statement. Throws INVALID_INPUT for
 * settings that no server could even be told.
 *
 * Statements reject with whatever node-postgres or the network throws; `withRetry` and
 * `translateFailure` make sense of it.
 */
export function openKnexPool(target: DatabaseTarget, options: KnexPoolOptions): Database {
  checkStartUp(target)
  checkSchema(options)
  const sockets = new Set<Socket>()
  let hasConnected = false
  let closing: Promise<void> | undefined
  const db = knex({
    ...knexSettings(target, options, sockets, () => {
      hasConnected = true
    }),
    log: quietLog(options.trace),
  })
  if (options.trace) traceQueries(db, options.trace)
  const close = () => {
    closing ??= closePool(db, sockets)
    return closing
  }
  let delays = 0
  const closeIfAborted = () => {
    if (options.signal?.aborted && delays === 0) void close()
  }
  options.signal?.addEventListener('abort', closeIfAborted, { once: true })
  return {
    knex: db,
    target,
    waitMs: options.waitMs,
    signal: options.signal,
    delayAbortion() {
      delays++
      return () => {
        delays--
        closeIfAborted()
      }
    },
    get hasConnected() {
      return hasConnected
    },
    close,
  }
}

/** What Knex is told; also good for the `knex` tool's own configuration file. */
export function knexSettings(
  target: DatabaseTarget,
  options: KnexPoolOptions,
  sockets: Set<Socket> = new Set(),
  onConnected: () => void = () => {},
): Knex.Config {
  const timeoutMs = connectTimeoutMs(target, options)
  return {
    client: knexClient({
      session: sessionSettings(target, options),
      async connect() {
        const client = await pgConnect(target, { timeoutMs, sockets, onLost: dispose })
        onConnected()
        return client
      },
    }),
    // Knex makes no pool without it. The rest, the password above all, stays out of its hands.
    connection: { database: target.connection.database! },
    // Saves asking for it at every start; all that matters to Knex is that it is 9.2 or later.
    version: '14',
    pool: {
      min: 0,
      max: options.poolSize ?? 1,
      // Both outlast connecting (twice, when TLS is only preferred), so that the reason is not lost.
      createTimeoutMillis: 2 * timeoutMs + 1000,
      acquireTimeoutMillis: 2 * timeoutMs + 1000 + options.waitMs,
    },
    // Otherwise each error's message carries every bound value, a whole house's seats among them.
    compileSqlOnError: false,
  }
}

const defaultConnectTimeoutMs = 10_000
/** How much longer than the wait for a lock the statement itself may take. */
const statementGraceMs = 10_000
/** The longest that PostgreSQL and Node's timers can count: 24 days. */
const longestMs = 2 ** 31 - 1

function connectTimeoutMs({ connection }: DatabaseTarget, { waitMs }: KnexPoolOptions): number {
  const configured = connection.connectionTimeoutMillis ?? defaultConnectTimeoutMs
  // Who does not want to wait for a busy database still wants to be connected to an idle one.
  return Math.min(configured || longestMs, Math.max(waitMs, 1000), longestMs / 4)
}

function sessionSettings(target: DatabaseTarget, options: KnexPoolOptions): SessionSettings {
  const waitMs = Math.min(Math.round(options.waitMs), longestMs / 2)
  return {
    lockTimeoutMs: Math.max(waitMs, 1),
    statementTimeoutMs: waitMs + statementGraceMs,
    schema: options.schema,
    operator: options.operator,
    command: options.command,
    given: settingsInOptions(target.connection.options ?? ''),
  }
}

/** Knex' pool looks at this mark before it hands out a connection again. */
function dispose(client: pg.Client & { __knex__disposed?: unknown }, reason: unknown): void {
  client.__knex__disposed = reason
}

/** Knex prints by itself unless every one of these is there. */
function quietLog(trace: (line: string) => void = () => {}): Knex.Logger {
  const tell = (message: unknown) => trace(`knex: ${String(message)}`)
  return { warn: tell, error: tell, debug: tell, deprecate: tell, enableColors: false }
}

/** PostgreSQL cuts a start-up message of 10,000 bytes, which would look like a lost connection. */
const longestStartUp = 9000

function checkStartUp({ connection, source }: DatabaseTarget): void {
  const { user = '', database = '', options = '', application_name = '' } = connection
  const texts = [user, database, options, application_name].join(' ')
  if (Buffer.byteLength(texts) <= longestStartUp && !texts.includes('\0')) return
  throw new TicketsError(
    'INVALID_INPUT',
    `The database setting (${source}) is too long or has a NUL. Check the user, the name and the options.`,
  )
}

/** PostgreSQL cuts a longer name to this, and would then work in another schema. */
const longestName = 63

function checkSchema({ schema = '' }: KnexPoolOptions): void {
  if (Buffer.byteLength(schema) <= longestName && !schema.includes('\0')) return
  throw new TicketsError(
    'INVALID_INPUT',
    `TICKETS_SCHEMA is not a valid name: PostgreSQL takes at most ${longestName} bytes, and no NUL.`,
  )
}

const goodbyeMs = 500

async function closePool(db: Knex, sockets: Set<Socket>): Promise<void> {
  const { pool } = db.client
  const isBusy = pool.numUsed() + pool.numPendingCreates() > 0
  // The pool would wait for whoever uses a connection, for as long as that takes.
  if (isBusy) cut(sockets)
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, goodbyeMs)
  })
  await Promise.race([db.destroy().catch(() => {}), patience])
  clearTimeout(timer)
  cut(sockets)
}

function cut(sockets: Set<Socket>): void {
  for (const socket of sockets) socket.destroy()
}
