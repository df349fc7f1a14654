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
import { parseJsonStrictly } from './body.js'
import { refuseBrokenRequest } from './broken-request.js'
import { describeApi } from './documents.js'
import { answerOf, failureFacts, HttpError } from './errors.js'
import { type Guard, guardByPlace, guardByToken } from './guard.js'
import { BODY_LIMIT, type LoadLimit } from './load-limit.js'
import type { createMetrics } from './metrics.js'
import { refuseUnknownRoutes, UNREADABLE_URL } from './not-found.js'
import { bookingRoutes } from './routes/bookings.js'
import { healthRoutes } from './routes/health.js'
import { showRoutes } from './routes/shows.js'
import { SeatFeeds } from './seat-feed.js'
import { validateStrictly } from './validate.js'
import { watchRequests } from './watch-requests.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a token must allow; nothing: anybody may. */
    role?: TokenRole
    /** Answered however much there is to do, and not logged: whoever asks looks at the server. */
    isProbe?: boolean
    /** Open for as long as the client likes, so it is no load. */
    isStream?: boolean
  }
  interface FastifyRequest {
    /** The token that it came with, on a route that needs one. */
    token: ApiToken | undefined
    /** The box office, in the name of whoever asks. */
    tickets: Tickets
  }
}

export interface AppOptions {
  tickets: Tickets
  metrics: ReturnType<typeof createMetrics>
  version: string
  /** Gets the log, one JSON document a line. */
  log: { write(line: string): void }
  logLevel: string
  requireToken: boolean
  /** Whether `/metrics`, `/docs` and `/openapi.json` want no token where others do. */
  publicInfo: boolean
  /** Requests a second from one address; undefined: no limit. */
  rate?: number | undefined
  /** What one address may have open; undefined: no limit. */
  perAddress?: AddressLimits | undefined
  /** Origins of web pages that may call. */
  corsOrigins: readonly string[]
  load: LoadLimit
  /** Milliseconds in which a request must have arrived, its body included. */
  arrivalMs: number
}

/** The headers of answers that a page of an allowed origin may read. */
const TOLD_TO_PAGES = ['location', 'retry-after', 'x-request-id']
const MOST_HEADER_BYTES = 16_384

/** The application: every route, and around them what guards, limits, counts and logs. */
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

  validateStrictly(app)
  parseJsonStrictly(app)
  app.setErrorHandler(sendError)
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(headersOf(request))
    done()
  })
  watchRequests(app, options)
  const guard = options.requireToken ? guardByToken(tickets) : guardByPlace(corsOrigins)
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
    childLoggerFactory: (logger, bindings, loggerOptions, { socket }) =>
      logger.child({ ...bindings, address: socket.remoteAddress }, loggerOptions),
    genReqId: () => `${run}-${(++requests).toString(36)}`,
    bodyLimit: BODY_LIMIT,
    requestTimeout: arrivalMs,
    keepAliveTimeout: 72_000,
    http: {
      headersTimeout: Math.min(arrivalMs, 10_000),
      connectionsCheckingInterval: 5000,
      maxHeaderSize: MOST_HEADER_BYTES,
    },
    // As long as a URL may be, so that no parameter is too long: that would go past all hooks.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MOST_HEADER_BYTES },
    return503OnClosing: false,
    clientErrorHandler: refuseBrokenRequest,
    frameworkErrors: (_error, { raw }, reply) => leadOn(app, raw, reply.raw),
  })
  return app
}

/**
 * A URL that cannot be read would be answered past all hooks. Under another name it takes the way
 * of every request, so it is limited, guarded, counted and logged as they are.
 */
function leadOn(app: FastifyInstance, request: Unread, response: ServerResponse): void {
  request.originalUrl = request.url
  request.url = UNREADABLE_URL
  app.routing(request, response)
}

/** Fastify tells of this name as that by which a request came. */
type Unread = IncomingMessage & { originalUrl?: string | undefined }

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, headers, body } = answerOf(error)
  if (status === 500) request.log.error({ err: error, token: request.token?.name }, 'bug')
  if (status === 503) request.failure = failureFacts(error as Error)
  return reply.code(status).headers(headers).type('application/json; charset=utf-8').send(body)
}

/** An error for the log, without what a driver adds to it: rows with the names of customers. */
function errorFacts(error: Error & { code?: string }) {
  return { type: error.name, ...failureFacts(error), stack: stackOf(error) }
}

/** What a browser is told of every answer. No strict transport: TLS is a proxy's, and so is that. */
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

/** Gives every request the box office in its own name: what it changes, its bearer has changed. */
function openDoor(app: FastifyInstance, tickets: Tickets): void {
  app.decorateRequest('token', undefined)
  app.decorateRequest('tickets', {
    getter() {
      return this.token === undefined ? tickets : tickets.as(this.token.name)
    },
  })
}

/**
 * Before anything is done for a request: is there room for it, and is it allowed? Room for a body is
 * given last, and only where one is parsed: otherwise clients that announce bodies and send none
 * would take it from those who may book.
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
  // After the limit of the rate, or guessing tokens would cost the database a look at each.
  app.addHook('preParsing', async (request, _reply, payload) => {
    await guard(request, request.routeOptions.config.role)
    if (parsesBody(request)) load.reserveBody(request.raw)
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

/** How much is sold, and how this server works, is not for everyone who can reach it. */
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
  // By itself the plugin limits routes, and what is none of them would not count.
  app.addHook('onRequest', app.rateLimit())
}
