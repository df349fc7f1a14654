import { Socket } from 'node:net'
import pg from 'pg'
import { TicketsError } from '../shared/errors.js'
import { isTlsFailure, retryCause, sqlState } from './failures.js'
import type { DatabaseTarget } from './settings/target.js'
import { typeParsers } from './type-parsers.js'

export interface PgConnectOptions {
  /** Milliseconds until a server that does not answer counts as unreachable. */
  timeoutMs: number
  /** Every open socket is in here, so that it can be cut from outside. */
  sockets: Set<Socket>
  /** Told, once or oftener, that a connection that had been made is of no more use. */
  onLost: (client: pg.Client, reason: unknown) => void
}

/**
 * Opens one connection, and means by `sslmode` what libpq means: `prefer` tries TLS and then plain,
 * `allow` plain and then TLS, everything else has one try.
 *
 * Throws what node-postgres and the network throw, which `translateFailure` knows, and what
 * `target.verify` throws.
 */
export async function pgConnect(
  target: DatabaseTarget,
  options: PgConnectOptions,
): Promise<pg.Client> {
  target.verify?.()
  const [first, second] = tlsTries(target)
  try {
    return await connectOnce(target, first, options)
  } catch (failure) {
    if (second === undefined || !mayDependOnTls(failure)) throw failure
    return await connectOnce(target, second, options).catch((secondFailure) => {
      throw moreTelling(failure, secondFailure)
    })
  }
}

type Tls = pg.ClientConfig['ssl']

function tlsTries({ sslMode, connection }: DatabaseTarget): [Tls, Tls?] {
  // Never undefined: node-postgres would then read PGSSLMODE by itself and mean something else by it.
  const tls = connection.ssl ?? false
  if (tls === false) return [false]
  if (sslMode === 'allow') return [false, tls]
  if (sslMode === 'prefer') return [tls, false]
  return [tls]
}

function mayDependOnTls(failure: unknown): boolean {
  return isTlsFailure(failure) || sqlState(failure) === '28000'
}

/** Both tries failed: the first one's refusal says more, unless it was only about TLS. */
function moreTelling(first: unknown, second: unknown): unknown {
  return sqlState(first) === '28000' && mayDependOnTls(second) ? first : second
}

async function connectOnce(
  target: DatabaseTarget,
  tls: Tls,
  { timeoutMs, sockets, onLost }: PgConnectOptions,
): Promise<pg.Client> {
  const socket = new PatientSocket()
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
  const client = new pg.Client({
    ...target.connection,
    application_name: target.connection.application_name ?? 'tickets',
    keepAlive: true,
    connectionTimeoutMillis: 0, // There is a clock of its own below.
    // A statement is sent without waiting for the answer to the one before it.
    pipeline: true,
    // A function even when there is none: node-postgres would otherwise look for one by itself,
    // with other rules than libpq's and warnings on stderr.
    password: target.connection.password ?? (() => askedForPassword(target)),
    types: typeParsers(),
    ssl: tls,
    stream: () => socket,
  })
  if (target.channelBindingRequired) demandChannelBinding(client, target)
  listenForLoss(client, onLost)
  const giveUp = () => socket.destroy(connectTimeout(timeoutMs, !socket.connecting))
  const timer = setTimeout(giveUp, timeoutMs)
  try {
    await client.connect()
    return client
  } catch (failure) {
    socket.destroy()
    throw sqlState(failure) === undefined ? failure : Object.assign(failure as Error, atLogin)
  } finally {
    clearTimeout(timer)
  }
}

const ADDRESS_MS = 2000

/**
 * Gives each address of a host time to answer before the next one is tried. Node's 250 ms are less
 * than a round trip around the world, and an address that is given up is not tried again.
 */
class PatientSocket extends Socket {
  override connect(...args: unknown[]): this {
    const [port, host] = args
    if (typeof port !== 'number' || typeof host !== 'string')
      return super.connect(...(args as [never]))
    return super.connect({ port, host, autoSelectFamilyAttemptTimeout: ADDRESS_MS })
  }
}

/** Marks an error of the server's that ended a login; `translateFailure` knows it. */
const atLogin = { endedLogin: true }

/**
 * From the start, and not only once `pgConnect` has its client: a server that goes down may say so
 * in the same breath as "ready", and a client whose error nobody hears ends the process.
 */
function listenForLoss(client: pg.Client, onLost: PgConnectOptions['onLost']): void {
  let isMade = false
  const lose = (reason: unknown) => {
    if (isMade) onLost(client, reason)
  }
  client.once('connect', () => {
    isMade = true
  })
  client.on('error', lose)
  client.on('end', () => lose('connection ended'))
  // The answer to a statement, too, may be the last word; the socket's end comes after it.
  client.connection.on('errorMessage', (error: unknown) => {
    if (retryCause(error) === 'lost') lose(error)
  })
}

function askedForPassword(target: DatabaseTarget): never {
  throw new TicketsError('DB_AUTH', `The ${target.name} asks for a password, and none was given.`)
}

/** The same shape as the network's own time-out, which may come only after minutes. */
function connectTimeout(timeoutMs: number, isAccepted: boolean): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs} ms`), {
    code: 'ETIMEDOUT',
    syscall: 'connect',
    isAccepted,
  })
}

/** node-postgres only prefers channel binding; `channel_binding=require` must not be talked down. */
function demandChannelBinding(client: pg.Client, target: DatabaseTarget): void {
  let isBound = false
  const refuseUnbound = () => {
    if (isBound) return
    client.connection.stream.destroy(
      new TicketsError(
        'DB_TLS',
        `The ${target.name} offers no channel binding, which channel_binding=require demands.`,
      ),
    )
  }
  client.connection.once('authenticationSASL', (message: { mechanisms: string[] }) => {
    isBound = message.mechanisms.includes('SCRAM-SHA-256-PLUS')
    refuseUnbound()
  })
  for (const login of [
    'authenticationCleartextPassword',
    'authenticationMD5Password',
    'authenticationOk',
  ]) {
    client.connection.once(login, refuseUnbound)
  }
}
