import type { FastifyInstance } from 'fastify'
import type { FromSchema } from 'json-schema-to-ts'
import type { ApiToken, BookingOutcome, BookingRequest } from '../../client/api.js'
import { bookingJson, checkInJson, listedBookingJson } from '../../client/json.js'
import { TicketsError } from '../../shared/errors.js'
import { parseHold } from '../../shared/time/duration.js'
import type { Metrics } from '../metrics.js'
import * as schemas from '../schemas.js'

const { errors } = schemas

/** The routes that make and change bookings; each does what its command does. */
export function bookingRoutes(app: FastifyInstance, metrics: Metrics): void {
  const typed = app.withTypeProvider<schemas.SchemaTypes>()
  typed.post(
    '/shows/:show/book',
    {
      config: { role: 'box-office' },
      schema: {
        operationId: 'bookSeats',
        summary: 'Book seats, or hold them',
        params: schemas.showParams,
        headers: schemas.idempotencyKey,
        body: schemas.bookRequest,
        response: {
          200: {
            description: 'The booking that an earlier request made under this key',
            $ref: 'Booking#',
          },
          201: { description: 'A new booking', $ref: 'Booking#' },
          ...errors(401, 404, 409, 413, 415),
        },
      },
    },
    async ({ tickets, token, params, body, headers }, reply) => {
      const request = requestOf(body, headers['idempotency-key'], token)
      const outcome = await counted(metrics, tickets.book(params.show, request))
      return reply.code(outcome.replayed ? 200 : 201).send(bookingJson(outcome))
    },
  )

  typed.get(
    '/bookings/:booking',
    {
      config: { role: 'read' },
      schema: {
        operationId: 'viewBooking',
        summary: 'A booking',
        params: schemas.bookingParams,
        response: { 200: { $ref: 'ListedBooking#' }, ...errors(401, 404) },
      },
    },
    async ({ tickets, params }) => listedBookingJson(await tickets.findBooking(params.booking)),
  )

  lifeRoutes(app)
}

function lifeRoutes(app: FastifyInstance): void {
  const typed = app.withTypeProvider<schemas.SchemaTypes>()
  const route = <B>(operationId: string, summary: string, body: B, answer: string) => ({
    config: { role: 'box-office' as const },
    schema: {
      operationId,
      summary,
      params: schemas.bookingParams,
      body,
      response: { 200: { $ref: answer }, ...errors(401, 404, 409, 413, 415) },
    },
  })

  typed.post(
    '/bookings/:booking/confirm',
    route('confirmBooking', 'Sell what a hold keeps', schemas.confirmRequest, 'Booking#'),
    async ({ tickets, params, body }) =>
      bookingJson(await tickets.confirmBooking(params.booking, { ...specOf(body.seats) })),
  )

  typed.post(
    '/bookings/:booking/cancel',
    route('cancelBooking', 'Give seats back', schemas.cancelRequest, 'Booking#'),
    async ({ tickets, params, body: { seats, reason } }) =>
      bookingJson(
        await tickets.cancelBooking(params.booking, {
          ...specOf(seats),
          reason,
        }),
      ),
  )

  typed.post(
    '/bookings/:booking/move',
    route('moveBooking', 'Exchange seats for as many others', schemas.moveRequest, 'Booking#'),
    async ({ tickets, params, body: { to, to_show: toShow } }) =>
      bookingJson(await tickets.moveBooking(params.booking, { to, toShow })),
  )

  typed.post(
    '/bookings/:booking/check-in',
    route('checkIn', 'Let seats in, each once', schemas.checkInRequest, 'CheckIn#'),
    async ({ tickets, params, body: { seats, ...rest } }) =>
      checkInJson(await tickets.checkIn(params.booking, { ...specOf(seats), ...rest })),
  )
}

/** Each token has its own keys; otherwise a token could read another's booking by its key. */
function requestOf(
  body: FromSchema<typeof schemas.bookRequest>,
  key: string | undefined,
  token: ApiToken | undefined,
): BookingRequest {
  const { seats_count: count, include_accessible: includeAccessible, hold, ...rest } = body
  return {
    ...rest,
    count,
    includeAccessible,
    ...(hold !== undefined && { hold: parseHold(hold) }),
    key,
    ...(token !== undefined && { keyScope: token.id }),
  }
}

/** Writes seat numbers as text, because the seats of a booking are named in text only. */
function specOf(seats: string | number[] | undefined): { seats?: string } {
  if (seats === undefined) return {}
  return { seats: typeof seats === 'string' ? seats : seats.join(',') }
}

async function counted(
  metrics: Metrics,
  booking: Promise<BookingOutcome>,
): Promise<BookingOutcome> {
  try {
    const outcome = await booking
    metrics.booking(outcome.replayed ? 'replayed' : outcome.booking.status)
    return outcome
  } catch (error) {
    metrics.booking(error instanceof TicketsError ? error.code : 'INTERNAL')
    throw error
  }
}
