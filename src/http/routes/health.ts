import type { FastifyInstance } from 'fastify'
import { TicketsError } from '../../core/errors.js'
import type { Tickets } from '../../index.js'
import type { Metrics } from '../metrics.js'
import { errors } from '../schemas.js'

const PATIENCE_MS = 3000

/** Alive, ready, and what has been counted so far. */
export function healthRoutes(
  app: FastifyInstance,
  { probe, metrics }: { probe: Tickets; metrics: Metrics },
): void {
  const config = { isProbe: true }
  const ok = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] }

  app.get(
    '/healthz',
    { config, schema: { summary: 'Is the server alive?', response: { 200: ok } } },
    async () => ({ ok: true }),
  )

  const look = oneAtATime(() => requireReady(probe))
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
      await look()
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

/** Throws what is in the way: DB_UNREACHABLE, NOT_MIGRATED, SCHEMA_TOO_NEW, … */
async function requireReady(probe: Tickets): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new TicketsError('DB_UNREACHABLE', 'The database does not answer.')),
      PATIENCE_MS,
    )
  })
  try {
    const { pending, unknown } = await Promise.race([probe.schemaStatus(), silence])
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

/** Whoever asks while somebody has asked already gets the same answer. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let underWay: Promise<void> | undefined
  return () => {
    underWay ??= work().finally(() => {
      underWay = undefined
    })
    return underWay
  }
}
