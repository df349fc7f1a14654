import { Socket } from 'node:net'
import pg from 'pg'
import { invalidInput, TicketsError } from '../../shared/errors.js'
import { isTlsFailure, retryCause, sqlState } from '../failures.js'
import type { DatabaseTarget, SessionAttrs, SocketOptions } from '../settings/target.js'
import { type HostFailure, NoHostError, ServerState, UnfitServerError } from './server-state.js'
import { typeParsers } from './type-parsers.js'

export interface PgConnectOptions {
  /** How many milliseconds a server may take to answer before it counts as unreachable. */
  timeoutMs: number
  /** Contains every open socket, so that the caller can cut it. */
  sockets: Set<Socket>
  /** Called, at least once, when an established connection is lost. */
  onLost: (client: pg.Client, reason: unknown) => void
}

/**
 * Opens one connection, to the first host that can be reached and fits `target.sessionAttrs`, by
 * libpq's rules: a host that refuses a login ends the search. `timeoutMs` is for each host.
 *
 * `sslmode` has libpq's meaning: `prefer` tries TLS, then plain; `allow` tries plain, then TLS; all
 * others try once.
 *
 * Throws the errors of node-postgres and the network, UnfitServerError and NoHostError, which
 * `translateFailure` translates; and what `target.verify` throws.
 */
export async function pgConnect(
  target: DatabaseTarget,
  options: PgConnectOptions,
): Promise<pg.Client> {
  target.verify?.()
  const { connection, otherHosts = [], sessionAttrs = 'any' } = target
  const hosts = [connection, ...otherHosts]
  if (target.isLoadBalanced) shuffle(hosts)
  const failures: HostFailure[] = []
  for (const wanted of roundsOf(sessionAttrs)) {
    // A later round tries only the servers that the one before it found unfit.
    const unfit = failures.filter(({ error }) => error instanceof UnfitServerError)
    const tried = failures.length === 0 ? hosts : unfit.map(({ host }) => host)
    for (const host of tried) {
      try {
        return await connectToHost({ ...target, connection: host }, wanted, options)
      } catch (error) {
        if (!isPassedOver(error)) throw error
        failures.push({ host, error })
      }
    }
  }
  throw hosts.length === 1 ? failures.at(-1)?.error : new NoHostError(failures)
}

function roundsOf(sessionAttrs: SessionAttrs): SessionAttrs[] {
  return sessionAttrs === 'prefer-standby' ? ['standby', 'any'] : [sessionAttrs]
}

/** Whether to try another host after this failure: not after a wrong password, for instance. */
function isPassedOver(error: unknown): boolean {
  return retryCause(error) !== undefined && !(error instanceof Error && 'isCut' in error)
}

function shuffle(hosts: unknown[]): void {
  for (let i = hosts.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[hosts[i], hosts[j]] = [hosts[j], hosts[i]]
  }
}

async function connectToHost(
  target: DatabaseTarget,
  wanted: SessionAttrs,
  options: PgConnectOptions,
): Promise<pg.Client> {
  const [first, second] = tlsTries(target)
  try {
    return await connectOnce(target, first, wanted, options)
  } catch (failure) {
    if (second === undefined || !mayDependOnTls(failure)) throw failure
    return await connectOnce(target, second, wanted, options).catch((secondFailure) => {
      throw errorToReport(failure, secondFailure)
    })
  }
}

type Tls = pg.ClientConfig['ssl']

function tlsTries({ sslMode, connection }: DatabaseTarget): [Tls, Tls?] {
  // Never undefined, because node-postgres would then read PGSSLMODE, and give it another meaning.
  const tls = connection.ssl ?? false
  if (tls === false) return [false]
  if (sslMode === 'allow') return [false, tls]
  if (sslMode === 'prefer') return [tls, false]
  return [tls]
}

function mayDependOnTls(failure: unknown): boolean {
  return isTlsFailure(failure) || sqlState(failure) === '28000'
}

/** Chooses the error to report after both tries failed: the first, unless it was only about TLS. */
function errorToReport(first: unknown, second: unknown): unknown {
  return sqlState(first) === '28000' && mayDependOnTls(second) ? first : second
}

async function connectOnce(
  target: DatabaseTarget,
  tls: Tls,
  wanted: SessionAttrs,
  { timeoutMs, sockets, onLost }: PgConnectOptions,
): Promise<pg.Client> {
  const socket = new PatientSocket()
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
  const client = new pg.Client({
    ...target.connection,
    application_name: target.connection.application_name ?? 'tickets',
    keepAlive: target.connection.keepAlive ?? true,
    keepAliveInitialDelayMillis: target.connection.keepAliveInitialDelayMillis ?? KEEP_ALIVE_MS,
    connectionTimeoutMillis: 0, // This function has its own timeout.
    // Sends a statement without waiting for the previous one's answer.
    pipeline: true,
    // Always a function: without a password, node-postgres would search for one by rules other than
    // libpq's, and print warnings.
    password: target.connection.password ?? (() => askedForPassword(target)),
    types: typeParsers(),
    ssl: tls,
    stream: () => socket,
  })
  if (target.channelBindingRequired) demandChannelBinding(client, target)
  const server = new ServerState(client)
  listenForLoss(client, server, onLost)
  const giveUp = () => socket.destroy(connectTimeout(timeoutMs, !socket.connecting))
  const timer = setTimeout(giveUp, timeoutMs)
  try {
    await client.connect()
    // After the login, because turning keep-alive on resets these options.
    if (target.socketOptions && target.connection.host?.startsWith('/') === false) {
      await setSocketOptions(socket, target.socketOptions)
    }
    await server.requireFit(target, wanted)
    return client
  } catch (failure) {
    socket.destroy()
    throw sqlState(failure) === undefined ? failure : Object.assign(failure as Error, endedLogin)
  } finally {
    clearTimeout(timer)
  }
}

/** Sets what Node itself cannot set. Throws INVALID_INPUT if the package cannot be loaded. */
async function setSocketOptions(socket: Socket, options: SocketOptions): Promise<void> {
  const { keepAliveIntervalMs, keepAliveCount, userTimeoutMs } = options
  // Late, and optional: it loads native code, which few settings need.
  const setters = await import('net-keepalive').catch((cause) => {
    throw invalidInput(
      'keepalives_interval, keepalives_count and tcp_user_timeout need the npm package net-keepalive, which cannot be loaded here. Remove them from the settings of the database.',
      { cause },
    )
  })
  if (keepAliveIntervalMs) setters.setKeepAliveInterval(socket, keepAliveIntervalMs)
  if (keepAliveCount) setters.setKeepAliveProbes(socket, keepAliveCount)
  if (userTimeoutMs) setters.setUserTimeout(socket, userTimeoutMs)
}

/** How long a connection may be silent before the system checks that its other end still exists. */
const KEEP_ALIVE_MS = 10_000

const ADDRESS_MS = 2000

/**
 * Gives each address of a host time to answer before the next one is tried. Node's default of 250
 * ms is less than a round trip around the world, and Node does not retry an address.
 */
class PatientSocket extends Socket {
  override connect(...args: unknown[]): this {
    const [port, host] = args
    if (typeof port !== 'number' || typeof host !== 'string')
      return super.connect(...(args as [never]))
    return super.connect({ port, host, autoSelectFamilyAttemptTimeout: ADDRESS_MS })
  }
}

/** Marks a server's error that ended a login; `translateFailure` checks it. */
const endedLogin = { endedLogin: true }

/**
 * Listens from the start and not only once `pgConnect` has returned the client: a server may
 * announce its shutdown right after "ready", and an 'error' event without a listener ends the
 * process.
 */
function listenForLoss(
  client: pg.Client,
  server: ServerState,
  onLost: PgConnectOptions['onLost'],
): void {
  let isConnected = false
  const lose = (reason: unknown) => {
    if (isConnected) onLost(client, reason)
  }
  client.once('connect', () => {
    isConnected = true
  })
  client.on('error', lose)
  client.on('end', () => lose('connection ended'))
  // An answer to a statement may also be the server's last message; the socket ends after it.
  client.connection.on('errorMessage', (error: unknown) => {
    server.markStandbyRefusal(error)
    if (retryCause(error) === 'lost') lose(error)
  })
  // The connection may still read from a standby; the next statement opens one to another server.
  client.connection.on('readyForQuery', () => {
    if (!server.canWrite) lose('the server is read-only')
  })
}

function askedForPassword(target: DatabaseTarget): never {
  throw new TicketsError('DB_AUTH', `The ${target.name} asks for a password, and none was given.`)
}

/** Has the shape of the network's own timeout, which may come only after minutes. */
function connectTimeout(timeoutMs: number, isAccepted: boolean): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs} ms`), {
    code: 'ETIMEDOUT',
    syscall: 'connect',
    isAccepted,
  })
}

/** node-postgres only prefers channel binding; `channel_binding=require` must not be downgraded. */
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
