import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { FromSchema } from 'json-schema-to-ts'
import type { SeatPlan, Show, ShowFilter } from '../../client/api.js'
import { createdShowJson, showJson } from '../../client/json.js'
import { pretixPlan } from '../../house/plan/pretix.js'
import { remember } from '../../shared/remember.js'
import { parseStartTime, parseTimeZone } from '../../shared/time/start-time.js'
import { PLAN_BODY_LIMIT } from '../load-limit.js'
import { errors, listQuery, newShow, type SchemaTypes, showParams } from '../schemas.js'
import { type SeatFeeds, seatsJson } from '../seat-feed.js'
import { whenOver } from '../when-over.js'

/** The routes that create, list, view and watch shows. */
export function showRoutes(app: FastifyInstance, feeds: SeatFeeds): void {
  const typed = app.withTypeProvider<SchemaTypes>()
  typed.post(
    '/admin/shows',
    {
      config: { role: 'admin' },
      bodyLimit: PLAN_BODY_LIMIT,
      schema: {
        operationId: 'createShow',
        summary: 'Create a show',
        body: newShow,
        response: { 201: { $ref: 'Show#' }, ...errors(401, 413, 415) },
      },
    },
    async ({ tickets, body }, reply) => {
      const timeZone = parseTimeZone(body.time_zone ?? 'UTC')
      const show = await tickets.createShow({
        name: body.name,
        startTime: parseStartTime(body.start_time, timeZone),
        totalSeats: body.total_seats,
        seatsPerRow: body.seats_per_row ?? null,
        plan: body.plan,
        timeZone,
      })
      return reply.code(201).header('location', `/shows/${show.id}`).send(createdShowJson(show))
    },
  )

  // A stream is sent unchanged, so its response has no type.
  app.get<{ Querystring: FromSchema<typeof listQuery> }>(
    '/shows',
    {
      schema: {
        operationId: 'listShows',
        summary: 'Shows ordered by start; without a limit, all of them, as a stream',
        querystring: listQuery,
        response: { 200: { type: 'array', items: { $ref: 'Show#' } }, ...errors(404) },
      },
    },
    async ({ tickets, query, method }, reply) => {
      const filter = filterOf(query)
      // For HEAD, Fastify would read the whole stream without sending it.
      const shows = tickets.listShows(method === 'HEAD' ? { ...filter, limit: 1 } : filter)
      // Reads the first show before responding, so that an error becomes an error response.
      const first = await shows.next()
      reply.type('application/json; charset=utf-8')
      return reply.send(Readable.from(jsonArray(first, shows), { highWaterMark: 1 }))
    },
  )

  typed.get(
    '/shows/:show',
    {
      schema: {
        operationId: 'viewShow',
        summary: 'A show',
        params: showParams,
        response: { 200: { $ref: 'Show#' }, ...errors(404) },
      },
    },
    async ({ tickets, params }) => showJson(await tickets.findShow(params.show)),
  )

  app.get<{ Params: FromSchema<typeof showParams> }>(
    '/shows/:show/plan',
    {
      schema: {
        operationId: 'viewPlan',
        summary: 'The plan of a house, as a seating plan of pretix; null without a plan',
        params: showParams,
        response: {
          200: { description: 'A plan', type: ['object', 'null'], additionalProperties: true },
          ...errors(404),
        },
      },
    },
    async ({ tickets, params }, reply) => {
      const { plan } = await tickets.findShow(params.show)
      return reply
        .type('application/json; charset=utf-8')
        .serializer(String)
        .send(plan ? planText(plan) : 'null')
    },
  )

  typed.get(
    '/shows/:show/seats',
    {
      schema: {
        operationId: 'viewSeats',
        summary: 'Which seats of a show are booked, held and available',
        params: showParams,
        response: { 200: { $ref: 'Seats#' }, ...errors(404) },
      },
    },
    async ({ tickets, params }) => seatsJson(await tickets.viewShow(params.show)),
  )

  app.get<{ Params: FromSchema<typeof showParams> }>(
    '/shows/:show/events',
    {
      config: { isStream: true },
      exposeHeadRoute: false,
      schema: {
        operationId: 'watchSeats',
        summary: 'Seats as they change: server-sent events',
        description:
          'First `seats`, the whole house, then `change`, the seats that have become booked, held or available since. A new connection begins with `seats` again, so a client that reconnects misses nothing.',
        params: showParams,
        response: {
          200: {
            description: 'A stream that does not end',
            content: { 'text/event-stream': { schema: { type: 'string' } } },
          },
          ...errors(404),
        },
      },
    },
    async (request, reply) => {
      const { tickets, params, ip, raw } = request
      const { id } = await tickets.findShow(params.show)
      // The connection has closed already, so nothing would close the stream.
      if (raw.socket.destroyed) return reply.send()
      const stream = feeds.open(id, ip)
      // Fastify destroys the stream when the response closes, but a pipelined response may never
      // close.
      whenOver(request, reply, () => stream.destroy())
      // Keeps a buffering proxy from holding events back.
      return reply.type('text/event-stream').header('x-accel-buffering', 'no').send(stream)
    },
  )
}

/** A large house takes a fifth of a second, in which no other request is answered. */
const planText = remember(16, (plan: SeatPlan) => JSON.stringify(pretixPlan(plan)))

function filterOf({ upcoming, ...rest }: FromSchema<typeof listQuery>): ShowFilter {
  return { ...rest, ...(upcoming !== undefined && { upcoming: upcoming !== 'false' }) }
}

const CHUNK = 32_768

/** A JSON array in chunks, produced as the reader consumes them. */
async function* jsonArray(
  first: IteratorResult<Show>,
  rest: AsyncGenerator<Show>,
): AsyncGenerator<string> {
  try {
    let chunk = '['
    for (let next = first, comma = ''; !next.done; next = await rest.next(), comma = ',') {
      chunk += comma + JSON.stringify(showJson(next.value))
      if (chunk.length < CHUNK) continue
      yield chunk
      chunk = ''
    }
    yield `${chunk}]`
  } finally {
    await rest.return(undefined)
  }
}
