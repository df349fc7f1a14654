import { TicketsError } from '../shared/errors.js'
import { NoHostError, UnfitServerError } from './connection/server-state.js'
import { type ExpectedFailure, networkSentences, serverSentences } from './failure-sentences.js'
import type { DatabaseTarget } from './settings/target.js'

/**
 * Another process changed the same rows. The transaction must be rolled back; `withRetry` runs it
 * again, as it does after a serialization failure.
 */
export class ConflictError extends Error {
  override readonly name = 'ConflictError'
}

/**
 * The reason to retry a failed attempt:
 *
 * - `connect`: no connection was made, because the server is down or accepts no more clients.
 * - `conflict`: other transactions were in the way, and this one is rolled back.
 * - `lost`: the connection died, and the transaction may or may not have committed; or it led to a
 *   server that cannot write.
 * - `undefined`: a retry does not help.
 */
export type RetryCause = 'connect' | 'conflict' | 'lost'

export function retryCause(error: unknown): RetryCause | undefined {
  if (error instanceof ConflictError) return 'conflict'
  if (error instanceof UnfitServerError) return 'lost'
  if (error instanceof NoHostError) {
    return error.errors.map(retryCause).includes('lost') ? 'lost' : 'connect'
  }
  const state = sqlState(error)
  if (state === POOLER_STATE) return poolerFailure(error)?.cause
  if (state !== undefined) {
    // After a PANIC the server goes down, and restarts when it can.
    if (textOf(error, 'severity') === 'PANIC') return 'lost'
    // The server rejects the connection and would reject it again.
    if (state === '08004') return undefined
    if (['53300', '57P03'].includes(state)) return 'connect'
    if (['40001', '40P01', '55P03'].includes(state)) return 'conflict'
    // The next attempt prepares nothing.
    if (isPreparedStatementLost(error)) return 'conflict'
    // 25006: after a failover, another connection leads to a server that can write.
    const isLost = ['57P01', '57P02', '57P05', '25P03', '25006'].includes(state)
    return isLost || state.startsWith('08') ? 'lost' : undefined
  }
  const code = systemCode(error)
  if (code === undefined) return isLostByText(error) ? 'lost' : undefined
  if (isConnecting(error) && Object.hasOwn(networkSentences, code)) return 'connect'
  return lostCodes.has(code) ? 'lost' : undefined
}

/** Whether there is no server to connect to, so that an embedded server should be started. */
export function isServerAbsent(error: unknown): boolean {
  if (error instanceof NoHostError) return false
  const code = systemCode(error)
  return (
    sqlState(error) === '3D000' ||
    (['ECONNREFUSED', 'ENOENT', 'ENOTDIR'].includes(code ?? '') && isConnecting(error))
  )
}

/** Whether a server exists but has no room or no time for another client at the moment. */
export function isServerOccupied(error: unknown): boolean {
  if (error instanceof NoHostError) return error.errors.some(isServerOccupied)
  // The server's host accepted the connection, but the server has not answered yet, as when
  // hundreds of clients connect at once.
  if (error instanceof Error && 'isAccepted' in error && error.isAccepted) return true
  const code = systemCode(error)
  // EAGAIN: the Unix socket's queue is full. EADDRNOTAVAIL: this machine has no free local port.
  return retryCause(error) === 'connect' && (code === undefined || occupiedCodes.has(code))
}

/**
 * Translates an error of node-postgres, Knex, the network or TLS into a TicketsError with a message
 * for users. Call it once, where the error leaves the program. Returns TicketsErrors and bugs
 * unchanged.
 */
export function translateFailure(error: unknown, target: DatabaseTarget): unknown {
  if (error instanceof TicketsError) return error
  const expected = expectedFailure(error, target)
  if (expected === undefined) return error
  return new TicketsError(expected.code, expected.sentence(target).trimEnd(), { cause: error })
}

/** The SQLSTATE, if the server reported the error. */
export function sqlState(error: unknown): string | undefined {
  // Only the server's errors have a severity; without this check, EPIPE would pass for a SQLSTATE.
  return hasProperty(error, 'severity') ? textOf(error, 'code') : undefined
}

/**
 * Whether a pooler has given this client a server connection without its prepared statements, or
 * with another client's.
 */
export function isPreparedStatementLost(error: unknown): boolean {
  return ['26000', '42P05'].includes(sqlState(error) ?? '')
}

/** Whether TLS failed: the server refused it, or the certificate is invalid. */
export function isTlsFailure(error: unknown): boolean {
  return tlsCodes.test(systemCode(error) ?? '') || endsWithAny(error, tlsRefusals)
}

const occupiedCodes = new Set(['EAGAIN', 'EADDRNOTAVAIL'])
const lostCodes = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ERR_SOCKET_CLOSED',
])

// OpenSSL's certificate errors as Node names them, and Node's own TLS errors.
const tlsCodes =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO$|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH$|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$)/

// node-postgres reports these without a code or a class.
const tlsRefusals = [
  'The server does not support SSL connections',
  'There was an error establishing an SSL connection',
]
const lostTexts = [
  'Connection terminated unexpectedly',
  'Connection terminated',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
]

function isLostByText(error: unknown): boolean {
  return sqlState(error) === undefined && endsWithAny(error, lostTexts)
}

/** PgBouncer reports nearly all of its own errors with this SQLSTATE, a protocol violation. */
const POOLER_STATE = '08P01'

interface PoolerFailure {
  /** The reason to retry, if any. */
  cause: RetryCause | undefined
  failure: ExpectedFailure
}

/**
 * Recognises PgBouncer's errors by their text, because they share a SQLSTATE. A server's own 08P01
 * means a lost connection.
 */
function poolerFailure(error: unknown): PoolerFailure | undefined {
  const text = messageOf(error)
  const { lost, states, pooler } = serverSentences
  const [, parameter] = /unsupported startup parameter(?: in options)?:? *(\S*)/.exec(text) ?? []
  if (parameter !== undefined) return { cause: undefined, failure: pooler.parameter(parameter) }
  if (/no more connections allowed|query_wait_timeout|client_login_timeout/.test(text)) {
    return { cause: 'connect', failure: pooler.full }
  }
  if (/authentication failed|auth failed|no such user|SASL/i.test(text)) {
    return { cause: undefined, failure: states['28P01']! }
  }
  if (/no such database/.test(text)) return { cause: undefined, failure: states['3D000']! }
  if (/cannot connect to server|server login failed|login retry/.test(text)) {
    return { cause: 'connect', failure: pooler.serverAway(text) }
  }
  return { cause: 'lost', failure: lost }
}

/**
 * A server that requires TLS says so only in the message, and only if the client did not try TLS.
 */
function demandsTls(error: unknown, { sslMode }: DatabaseTarget): boolean {
  return (
    sqlState(error) === '28000' &&
    sslMode === 'disable' &&
    /no encryption|SSL off/.test(messageOf(error))
  )
}

function expectedFailure(error: unknown, target: DatabaseTarget): ExpectedFailure | undefined {
  const server = serverSentences
  if (error instanceof ConflictError) return server.conflict
  if (error instanceof UnfitServerError) return server.unfit(error.server)
  if (error instanceof NoHostError) {
    return server.noHost(
      error.failures.map(({ host, error }) => ({
        host,
        failure: expectedFailure(error, target) ?? server.lost,
      })),
    )
  }
  if (demandsTls(error, target)) return server.tlsDemanded
  const state = sqlState(error)
  if (state === POOLER_STATE) return poolerFailure(error)?.failure
  if (textOf(error, 'constraint') === 'history_pkey') return server.sequenceBehind
  if (state !== undefined) {
    if (state === '25006' && hasProperty(error, 'isOfStandby')) return server.standby
    if (server.states[state] !== undefined) return server.states[state]
    // What ends a login is the configuration or the server, never a bug in this program.
    if (hasProperty(error, 'endedLogin')) return server.login(messageOf(error))
    return retryCause(error) === 'lost' ? server.lost : undefined
  }
  if (isTlsFailure(error)) {
    return endsWithAny(error, tlsRefusals)
      ? server.tlsRefused
      : server.certificate(messageOf(error))
  }
  const cause = retryCause(error)
  if (cause === 'lost') return server.lost
  const code = systemCode(error)
  if (code !== undefined && isConnecting(error)) return networkSentences[code]
  // Knex throws this class only when its pool has no connection to give.
  if (error instanceof Error && error.name === 'KnexTimeoutError') return server.poolTimeout
  // node-postgres has no code for a login that fails on the client's side.
  if (messageOf(error).startsWith('SASL: ')) return server.states['28P01']
  return undefined
}

/**
 * The error code of a system call. A refused `localhost` is an AggregateError with one error per
 * address.
 */
function systemCode(error: unknown): string | undefined {
  if (sqlState(error) !== undefined) return undefined
  return textOf(error, 'code') ?? textOf(firstOf(error), 'code')
}

/** ENOENT may also mean a missing file, not a server's missing socket. */
function isConnecting(error: unknown): boolean {
  const call = textOf(error, 'syscall') ?? textOf(firstOf(error), 'syscall')
  return call === 'connect' || call === 'getaddrinfo'
}

function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? error.errors[0] : undefined
}

function textOf(value: unknown, property: string): string | undefined {
  const found = hasProperty(value, property) ? (value as Record<string, unknown>)[property] : null
  return typeof found === 'string' ? found : undefined
}

function hasProperty(value: unknown, property: string): boolean {
  return typeof value === 'object' && value !== null && property in value
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}

/** Knex puts the statement before the message, so only the end is compared. */
function endsWithAny(error: unknown, endings: readonly string[]): boolean {
  return endings.some((ending) => messageOf(error).endsWith(ending))
}
