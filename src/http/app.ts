import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import cors from '@fastify/cors'
import rateLimit from '@fastify/rate-limit'
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { ApiToken, Tickets, TokenRole } from '../client/api.js'
import { stackOf } from '../shared/stack-trace.js'
import type { AddressLimits } from './address-limit.js'
import { refuseBrokenRequest } from './broken-request.js'
import { describeApi } from './documents.js'
import { answerOf, failureFacts, HttpError } from './errors.js'
import { type Guard, guardByToken, guardLoopback } from './guard.js'
import { BODY_LIMIT, type LoadLimit } from './load-limit.js'
import type { createMetrics } from './metrics.js'
import { refuseUnknownRoutes, UNREADABLE_URL } from './not-found.js'
import { bookingRoutes } from './routes/bookings.js'
import { healthRoutes } from './routes/health.js'
import { showRoutes } from './routes/shows.js'
import { SeatFeeds } from './seat-feed.js'
import { takeStrictly } from './strict-input.js'
import { requestFacts, watchRequests } from './watch-requests.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The role that a token must have; undefined: no token needed. */
    role?: TokenRole
    /** Answered under any load, and not logged: a monitor calls it. */
    isProbe?: boolean
    /** Stays open as long as the client likes, so it does not count as load. */
    isStream?: boolean
  }
  interface FastifyRequest {
    /** The request's token, on a route that needs one. */
    token: ApiToken | undefined
    /** The box office, with the token as its operator. */
    tickets: Tickets
  }
}

export interface AppOptions {
  tickets: Tickets
  metrics: ReturnType<typeof createMetrics>
  version: string
  /** Receives the log, one JSON document per line. */
  log: { write(line: string): void }
  logLevel: string
  requireToken: boolean
  /** Whether `/metrics`, `/docs` and `/openapi.json` need no token although other routes do. */
  publicInfo: boolean
  /** Requests per second from one address; undefined: no limit. */
  rate?: number | undefined
  /** What one address may have open; undefined: no limit. */
  perAddress?: AddressLimits | undefined
  /** The origins whose web pages may call this server. */
  corsOrigins: readonly string[]
  load: LoadLimit
  /** How many milliseconds a request, with its body, may take to arrive. */
  arrivalMs: number
}

/** The response headers that a page of an allowed origin may read. */
const TOLD_TO_PAGES = ['location', 'retry-after', 'x-request-id']
const MOST_HEADER_BYTES = 16_384

/** Creates the application: all routes, with authentication, limits, metrics and the log. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { tickets, metrics, load, version, corsOrigins } = options
  const app = openFastify(options)
  const feeds = new SeatFeeds({
    tickets,
    perAddress: options.perAddress?.streams,
    onFailure: (error) => app.log.warn({ failure: failureFacts(error) }, 'watch'),
    onBug: (error) => app.log.error({ err: error }, 'bug'),
  })
  metrics.watch({
    tickets,
    requestsUnderWay: () => load.requests,
    streams: () => feeds.streams,
  })

  takeStrictly(app)
  app.setErrorHandler(sendError)
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(headersOf(request))
    done()
  })
  watchRequests(app, options)
  const guard = options.requireToken ? guardByToken(tickets) : guardLoopback(corsOrigins)
  if (corsOrigins.length > 0) {
    await app.register(cors, { origin: [...corsOrigins], exposedHeaders: TOLD_TO_PAGES })
  }
  if (options.rate !== undefined) await limitRate(app, options.rate)
  openDoor(app, tickets)
  letIn(app, load, guard)
  refuseUnknownRoutes(app)
  if (!options.publicInfo) closeInfo(app)

  await describeApi(app, version)
  showRoutes(app, feeds)
  bookingRoutes(app, metrics)
  healthRoutes(app, options)
  app.addHook('preClose', async () => feeds.close())
  return app
}

function openFastify({ log, logLevel, arrivalMs }: AppOptions): FastifyInstance {
  const run = randomBytes(3).toString('hex')
  let requests = 0
  const app: FastifyInstance = Fastify({
    logger: { level: logLevel, stream: log, serializers: { err: errorFacts } },
    logController: new LogController({ disableRequestLogging: true }),
    // Making a logger for each request takes longer than writing its line; see `requestFacts`.
    childLoggerFactory: (logger) => logger,
    genReqId: () => `${run}-${(++requests).toString(36)}`,
    bodyLimit: BODY_LIMIT,
    requestTimeout: arrivalMs,
    keepAliveTimeout: 72_000,
    http: {
      headersTimeout: Math.min(arrivalMs, 10_000),
      connectionsCheckingInterval: 5000,
      maxHeaderSize: MOST_HEADER_BYTES,
    },
    // As long as a URL may be, because Fastify answers a longer parameter without running hooks.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MOST_HEADER_BYTES },
    return503OnClosing: false,
    clientErrorHandler: refuseBrokenRequest,
    frameworkErrors: (_error, { raw }, reply) => leadOn(app, raw, reply.raw),
  })
  return app
}

/**
 * Fastify answers a malformed URL without running hooks. Under another URL the request passes
 * through the hooks like any other, so it is limited, authenticated, counted and logged.
 */
function leadOn(app: FastifyInstance, request: Unread, response: ServerResponse): void {
  request.originalUrl = request.url
  request.url = UNREADABLE_URL
  app.routing(request, response)
}

/** Fastify reports `originalUrl` as the URL that the client requested. */
type Unread = IncomingMessage & { originalUrl?: string | undefined }

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, headers, body } = answerOf(error)
  if (status === 500) request.log.error({ ...requestFacts(request), err: error }, 'bug')
  if (status === 503) request.failure = failureFacts(error as Error)
  return reply.code(status).headers(headers).type('application/json; charset=utf-8').send(body)
}

/** An error for the log, without the details that a driver adds: rows with customers' names. */
function errorFacts(error: Error & { code?: string }) {
  return { type: error.name, ...failureFacts(error), stack: stackOf(error) }
}

/**
 * The headers of every response. Strict-Transport-Security is left to the proxy that terminates
 * TLS.
 */
function headersOf({ id }: FastifyRequest) {
  return {
    'x-request-id': id,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  }
}

/** Gives each request a box office whose operator is its token, so the history names the token. */
function openDoor(app: FastifyInstance, tickets: Tickets): void {
  app.decorateRequest('token', undefined)
  app.decorateRequest('tickets', {
    getter() {
      return this.token === undefined ? tickets : tickets.as(this.token.name)
    },
  })
}

/**
 * Checks, before any work, that there is room for each request and that it is allowed. Reserves
 * room for a body last, and only if one is parsed; otherwise clients that announce bodies and send
 * none would use up the room of authenticated clients.
 */
function letIn(app: FastifyInstance, load: LoadLimit, guard: Guard): void {
  let isClosing = false
  app.addHook('preClose', async () => {
    isClosing = true
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isClosing) reply.header('connection', 'close')
    done(null, payload)
  })
  app.addHook('onRequest', (request, _reply, done) => {
    const { isProbe, isStream } = request.routeOptions.config
    if (!isProbe && !isStream) load.enter(request.raw)
    done()
  })
  // After the rate limit; otherwise each guessed token would cost a database query.
  app.addHook('preParsing', async (request, _reply, payload) => {
    await guard(request, request.routeOptions.config.role)
    if (parsesBody(request)) load.reserveBody(request.raw, request.routeOptions.bodyLimit)
    return payload
  })
  app.addHook('preValidation', (request, _reply, done) => {
    if (parsesBody(request)) load.releaseBody(request.raw)
    done()
  })
}

function parsesBody({ method, is404 }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD' && !is404
}

/**
 * Requires a token for the metrics and the documentation, which show sales figures and internals.
 */
function closeInfo(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (INFO.test(route.url)) route.config = { ...route.config, role: 'read' }
  })
}

const INFO = /^\/(metrics|docs|openapi\.json)(\/|$)/

async function limitRate(app: FastifyInstance, rate: number): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    max: rate,
    timeWindow: 1000,
    errorResponseBuilder: (_request, { ttl }) =>
      new HttpError('TOO_MANY_REQUESTS', 'Too many requests from this address. Slow down.', {
        'retry-after': String(Math.max(1, Math.ceil(ttl / 1000))),
      }),
  })
  // The plugin only limits routes; this hook also limits requests for unknown URLs.
  app.addHook('onRequest', app.rateLimit())
}
