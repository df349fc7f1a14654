import { once } from 'node:events'
import packageJson from '../../../../package.json' with { type: 'json' }
import { GRACE_MS } from '../../../shared/deadline.js'
import { invalidInput } from '../../../shared/errors.js'
import type { Context, Handler } from '../../context.js'

export interface ServeOptions {
  port?: string
  host?: string
  requireToken?: boolean
  publicInfo?: boolean
  cors?: string[]
  rate?: string
  connections?: string
}

const DEFAULT_RATE = 50
/** One for each show that is booked at the same time, and some for requests that only read. */
const DEFAULT_CONNECTIONS = 10

/**
 * A tenth of the server's limits: enough for an office behind one address, too few for an attack.
 */
const PER_ADDRESS = { connections: 500, streams: 100 }

/** `tickets serve`: serves HTTP until SIGINT or SIGTERM. */
export const run: Handler<ServeOptions> = async (context, options) => {
  const { output, signal } = context
  const { startServer } = await import('../../../http/server.js')
  const { isLoopback } = await import('../../../http/guard.js')
  const { createMetrics } = await import('../../../http/metrics.js')
  const host = options.host ?? '127.0.0.1'
  // All clients on this machine, a proxy for instance, share one address: no limits per address.
  const isLocal = isLoopback(host)
  const requireToken = options.requireToken ?? !isLocal
  const metrics = createMetrics()
  const rate = rateOf(options.rate, isLocal)
  // Without the run's signal, so that requests under way are finished when the server closes.
  const tickets = context.open({
    connections: whole('--connections', options.connections, DEFAULT_CONNECTIONS, 1000),
    onBatch: (batch) => metrics.batch(batch),
    ...lasting,
  })
  // A database that is not ready is reported now, and not to the first request.
  await context.tickets.listShows({ limit: 1 }).next()
  if (requireToken) await requireUsableToken(context, host)
  const server = await startServer({
    tickets,
    metrics,
    version: packageJson.version,
    host,
    port: whole('--port', options.port, 3000, 65_535, 0),
    requireToken,
    publicInfo: options.publicInfo ?? false,
    rate,
    perAddress: isLocal ? undefined : PER_ADDRESS,
    corsOrigins: (options.cors ?? []).map(parseOrigin),
    log: output.io.stderr,
    logLevel: context.options.debug ? 'debug' : output.quiet ? 'error' : 'info',
    arrivalMs: 30_000,
    // A client that waits for a busy database is silent as well, and must not count as stalled.
    stallMs: Math.max(60_000, 2 * context.options.waitMs),
    // A request that is answered when the grace is over is still answered.
    patienceMs: context.options.waitMs + GRACE_MS + 1000,
  })
  if (output.json) await output.document({ url: server.url })
  else await output.write(`${server.url}\n`)
  if (!signal.aborted) await once(signal, 'abort')
  await server.close()
}

/** Set to undefined, because otherwise the run's signal applies. */
const lasting = { signal: undefined }

/**
 * On an address that others can reach, a server needs at least one usable token. Throws
 * INVALID_INPUT.
 */
async function requireUsableToken(context: Context, host: string): Promise<void> {
  const tokens = await context.tickets.listTokens()
  if (tokens.some((token) => token.revokedAt === null)) return
  throw invalidInput(
    `Other machines may reach ${host}, so requests need a token, and none exists yet. Create one: \`tickets token create --name NAME --role admin\`.`,
  )
}

function rateOf(text: string | undefined, isLocal: boolean): number | undefined {
  if (text === undefined) return isLocal ? undefined : DEFAULT_RATE
  return text === 'none' ? undefined : whole('--rate', text, DEFAULT_RATE, 1_000_000)
}

function whole(flag: string, text: string | undefined, otherwise: number, max: number, min = 1) {
  if (text === undefined) return otherwise
  const number = /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw invalidInput(`${flag} must be a whole number from ${min} to ${max}.`)
}

function parseOrigin(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null'
  if (origin !== 'null' && (text === origin || text === `${origin}/`)) return origin
  throw invalidInput('--cors must be an origin, such as https://example.org.')
}
