import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { invalidInput } from '../shared/errors.js'
import { quote } from '../shared/quote.js'
import { AddressLimit } from './address-limit.js'
import { type AppOptions, createApp } from './app.js'
import { BatchedLines, type LineWriter } from './batched-lines.js'
import { refuseConnection } from './broken-request.js'
import { LoadLimit, type LoadLimits } from './load-limit.js'
import { isUnderWayOn } from './when-over.js'

export interface ServerOptions extends Omit<AppOptions, 'log' | 'load'> {
  host: string
  /** 0: any free port. */
  port: number
  /** The destination of the log, one JSON document per line. */
  log: LineWriter
  limits?: LoadLimits
  /** How many milliseconds a client may stop reading a response before it is disconnected. */
  stallMs: number
  /** How many milliseconds the requests in progress may take once the server is closing. */
  patienceMs: number
}

const MOST_CONNECTIONS = 5000

/** Starts to listen. Throws INVALID_INPUT if the server cannot listen on that address. */
export async function startServer(options: ServerOptions) {
  const log = new BatchedLines(options.log)
  const load = new LoadLimit(options.limits)
  const app = await createApp({ ...options, log, load })
  await app.ready()
  app.server.maxConnections = MOST_CONNECTIONS
  if (options.perAddress) limitConnections(app.server, options.perAddress.connections)
  app.server.timeout = options.stallMs
  // Limits headers by size, not by number: Node would silently drop those beyond a number, perhaps
  // a proxy's.
  app.server.maxHeadersCount = 0
  closeIdleOnesOnly(app.server)
  await listen(app.server, options)
  const url = urlOf(app.server.address() as AddressInfo)
  app.log.info({ url, version: options.version }, 'listening')
  return {
    /** The address that it listens on: 'http://127.0.0.1:3000'. */
    url,
    /** Stops accepting requests, and resolves when those in progress are finished. */
    async close() {
      app.log.info({ requests: load.requests }, 'closing')
      const ending = endConnections(app.server, options.patienceMs)
      try {
        await app.close()
        await Promise.race([load.empty(), ending.over])
      } finally {
        ending.stop()
        log.flush()
      }
    },
  }
}

/** Answers each connection of one address beyond the limit with 429, and closes it. */
function limitConnections(server: Server, most: number): void {
  const limit = new AddressLimit(most)
  server.on('connection', (socket) => {
    const leave = limit.enter(socket.remoteAddress ?? '')
    if (leave === undefined) refuseConnection(socket)
    else socket.once('close', leave)
  })
}

async function listen(server: Server, { host, port }: ServerOptions): Promise<void> {
  // Node takes an empty host for all addresses of this machine, which may not be what the user
  // meant.
  if (host.trim() === '') throw invalidInput('The host to listen on is empty.')
  try {
    // Not Fastify's listen(), which on localhost opens a second server without these limits.
    server.listen({ host, port, backlog: 511 })
    await once(server, 'listening')
  } catch (error) {
    throw notListening(error as NodeJS.ErrnoException, host, port)
  }
}

/**
 * Node's own closeIdleConnections() considers a connection idle once the response is written, even
 * if the client has not read all of it, and the client would lose the rest. Node and Fastify call
 * this replacement too.
 */
function closeIdleOnesOnly(server: Server): void {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.closeIdleConnections = () => {
    for (const socket of sockets) if (!isUnderWayOn(socket)) socket.destroy()
  }
}

/**
 * Closes connections when the server is closing: a kept-alive connection becomes idle after its
 * last response, and a client that stops reading would block the server for ever. `over` resolves
 * when all connections are closed.
 */
function endConnections(server: Server, patienceMs: number) {
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  let end: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve) => {
    end = setTimeout(() => {
      server.closeAllConnections()
      resolve()
    }, patienceMs)
  })
  return {
    over,
    stop() {
      clearInterval(sweep)
      clearTimeout(end)
    },
  }
}

function notListening(error: NodeJS.ErrnoException, host: string, port: number): unknown {
  // Node 22 and later refuse a host with a NUL by this code, before they look it up.
  if (error.syscall === undefined && error.code !== 'ERR_INVALID_ARG_VALUE') return error
  const reason = reasons[error.code ?? ''] ?? noAddress
  return invalidInput(reason(quote(host), port), { cause: error })
}

const reasons: Record<string, (host: string, port: number) => string> = {
  EADDRINUSE: (_host, port) => `Port ${port} is in use. Choose another with --port.`,
  EACCES: (_host, port) => `This user may not listen on port ${port}. Choose one above 1023.`,
  EADDRNOTAVAIL: (host) => `${host} is not an address of this machine. Choose one with --host.`,
}

const noAddress = (host: string) =>
  `${host} is not an address to listen on. Choose one of this machine with --host.`

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
