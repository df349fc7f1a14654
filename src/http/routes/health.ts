import type { FastifyInstance } from 'fastify'
import type { SchemaStatus, Tickets } from '../../client/api.js'
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
  const readSchema = oneAtATime(() => tickets.schemaStatus())
  app.get(
    '/readyz',
    {
      config,
      schema: {
        summary: 'Is the database reachable and migrated?',
        response: { 200: ok, ...errors() },
      },
    },
    async () => {
      await requireReady(readSchema)
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

/** Throws if the database is not ready: DB_UNREACHABLE, BUSY, NOT_MIGRATED, SCHEMA_TOO_NEW, … */
async function requireReady(readSchema: () => Promise<SchemaStatus>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new TicketsError('DB_UNREACHABLE', 'The database does not answer.')),
      PATIENCE_MS,
    )
  })
  try {
    const { pending, unknown } = await Promise.race([readSchema(), silence])
    if (pending.length > 0) {
      throw new TicketsError('NOT_MIGRATED', 'The schema is not up to date. Run tickets migrate.')
    }
    if (unknown.length > 0) {
      throw new TicketsError('SCHEMA_TOO_NEW', 'The schema is newer than this server.')
    }
  } finally {
    clearTimeout(timer)
  }
}

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
