import type { FastifyInstance } from 'fastify'
import type { Tickets } from '../../client/api.js'
import { within } from '../../shared/deadline.js'
import { TicketsError } from '../../shared/errors.js'
import type { Metrics } from '../metrics.js'
import { errors } from '../schemas.js'

const PATIENCE_MS = 3000

/** Liveness, readiness and metrics. */
export function healthRoutes(
  app: FastifyInstance,
  { tickets, metrics }: { tickets: Tickets; metrics: Metrics },
): void {
  const config = { isProbe: true }
  const ok = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] }

  app.get(
    '/healthz',
    { config, schema: { summary: 'Is the server alive?', response: { 200: ok } } },
    async () => ({ ok: true }),
  )

  // Uses the bookings' connections; a separate connection would not notice that those are stuck.
  const checkReady = oneAtATime(() => tickets.checkReady())
  app.get(
    '/readyz',
    {
      config,
      schema: {
        summary: 'Can bookings be made?',
        response: { 200: ok, ...errors() },
      },
    },
    async () => {
      await within(PATIENCE_MS, checkReady(), unanswered)
      return { ok: true }
    },
  )

  app.get(
    '/metrics',
    {
      config,
      schema: {
        summary: 'Counters for Prometheus',
        response: {
          200: { description: 'Text', content: { 'text/plain': { schema: { type: 'string' } } } },
        },
      },
    },
    async (_request, reply) => {
      const { contentType, text } = await metrics.page()
      return reply.type(contentType).serializer(String).send(text)
    },
  )
}

const unanswered = () => new TicketsError('DB_UNREACHABLE', 'The database does not answer.')

/** Calls that arrive while one is in progress share its result. */
function oneAtATime<T>(work: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined
  return () => {
    underWay ??= work().finally(() => {
      underWay = undefined
    })
    return underWay
  }
}
