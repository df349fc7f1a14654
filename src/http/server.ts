import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { TicketsError } from '../shared/errors.js'
import { quote } from '../shared/quote.js'
import { AddressLimit } from './address-limit.js'
import { type AppOptions, createApp } from './app.js'
import { BatchedLines, type LineWriter } from './batched-lines.js'
import { refuseConnection } from './broken-request.js'
import { LoadLimit, type LoadLimits } from './load-limit.js'
import { isUnderWayOn } from './when-over.js'

export interface ServerOptions extends Omit<AppOptions, 'log' | 'load'> {
  host: string
  /** 0: any that is free. */
  port: number
  /** Where the log goes, one JSON document a line. */
  log: LineWriter
  limits?: LoadLimits
  /** Milliseconds after which a client that takes nothing of its answer is cut off. */
  stallMs: number
  /** Milliseconds that what is under way may take when the server is closed. */
  patienceMs: number
}

export interface RunningServer {
  /** Where it listens: 'http://127.0.0.1:3000'. */
  url: string
  /** Accepts nothing more, finishes what is under way, and resolves when that is done. */
  close(): Promise<void>
}

const MOST_CONNECTIONS = 5000

/** Starts to listen. Throws INVALID_INPUT when there is no listening on that address. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const log = new BatchedLines(options.log)
  const load = new LoadLimit(options.limits)
  const app = await createApp({ ...options, log, load })
  await app.ready()
  app.server.maxConnections = MOST_CONNECTIONS
  if (options.perAddress) limitConnections(app.server, options.perAddress.connections)
  app.server.timeout = options.stallMs
  // Their bytes are limited. Node would drop those past a number, such as what a proxy has added.
  app.server.maxHeadersCount = 0
  closeIdleOnesOnly(app.server)
  await listen(app.server, options)
  const url = urlOf(app.server.address() as AddressInfo)
  app.log.info({ url, version: options.version }, 'listening')
  return {
    url,
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

/** Beyond so many connections of one address, each further one is answered 429 and closed. */
function limitConnections(server: Server, most: number): void {
  const limit = new AddressLimit(most)
  server.on('connection', (socket) => {
    const leave = limit.enter(socket.remoteAddress ?? '')
    if (leave === undefined) refuseConnection(socket)
    else socket.once('close', leave)
  })
}

async function listen(server: Server, { host, port }: ServerOptions): Promise<void> {
  // To Node, no host is every address of this machine: nobody asked for that.
  if (host.trim() === '') throw new TicketsError('INVALID_INPUT', 'The host to listen on is empty.')
  // Not Fastify's own: on localhost it opens a second server, which has none of these limits.
  server.listen({ host, port, backlog: 511 })
  try {
    await once(server, 'listening')
  } catch (error) {
    throw notListening(error as NodeJS.ErrnoException, host, port)
  }
}

/**
 * Node's own takes a connection for idle when the last byte of an answer is written, though it may
 * still wait for its reader, who would get half of it. It is called by Node and Fastify, too.
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
 * A connection that is kept alive is idle as soon as its last answer is out, and would keep a
 * closing server; a reader that takes nothing would keep it for ever. `over` is when all are ended.
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
  if (error.syscall === undefined) return error
  const reason = reasons[error.code ?? ''] ?? noAddress
  return new TicketsError('INVALID_INPUT', reason(quote(host), port), { cause: error })
}

const reasons: Record<string, (host: string, port: number) => string> = {
  EADDRINUSE: (_host, port) => `Port ${port} is in use. Choose another with --port.`,
  EACCES: (_host, port) => `This user may not listen on port ${port}. Choose one above 1023.`,
  EADDRNOTAVAIL: (host) => `${host} is no address of this machine. Choose one with --host.`,
}

const noAddress = (host: string) =>
  `${host} is no address to listen on. Choose one of this machine with --host.`

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
