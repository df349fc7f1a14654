import type { JsonSchemaToTsProvider } from '@fastify/type-provider-json-schema-to-ts'

/**
 * The schemas of requests and responses. They validate, they serialise, and the OpenAPI document is
 * generated from them. A field has a description if its name is not enough.
 */
const text = { type: 'string' } as const
const count = { type: 'integer', minimum: 0 } as const
const time = { ...text, description: 'ISO 8601, UTC' } as const
const optionalText = { type: ['string', 'null'] } as const
const optionalTime = { type: ['string', 'null'], description: 'ISO 8601, UTC' } as const
const seatNumbers = { type: 'array', items: { type: 'integer' } } as const

function fields<
  const P extends Record<string, object>,
  const O extends Record<string, object> = Record<never, never>,
>(properties: P, optional?: O) {
  return {
    type: 'object',
    required: Object.keys(properties) as (keyof P & string)[],
    properties: { ...properties, ...(optional as O) },
  } as const
}

const warned = {
  warnings: {
    type: 'array',
    description: 'Warnings about a request that succeeded; only present if there are any',
    items: fields({
      code: { ...text, enum: ['SHOW_STARTED', 'RESTRICTED_VIEW'] },
      message: { ...text, description: 'For people; it may change' },
    }),
  },
} as const

export const show = {
  $id: 'Show',
  description: 'A show',
  ...fields(
    {
      id: text,
      name: text,
      start_time: time,
      time_zone: { ...text, description: 'IANA name' },
      total_seats: count,
      seats_per_row: { type: ['integer', 'null'] },
      createdAt: time,
      updatedAt: time,
      cancelled_at: optionalTime,
      confirmed_seats_count: count,
      held_seats_count: count,
      available_seats: count,
    },
    {
      plan: {
        description: 'The plan of its house; only present if there is one',
        ...fields({ id: text, name: text }),
      },
      ...warned,
    },
  ),
} as const

export const seats = {
  $id: 'Seats',
  description: 'Seat numbers, ascending',
  ...fields({ total: count, booked: seatNumbers, held: seatNumbers, available: seatNumbers }),
} as const

const recordFields = {
  id: text,
  reference: { ...text, description: "Short, for people: 'K7Q2-9FMX'" },
  show_id: text,
  status: { type: 'string', enum: ['PENDING', 'HELD', 'CONFIRMED', 'FAILED', 'CANCELLED'] },
  seats: { ...seatNumbers, description: 'Another plan for the show may change these numbers' },
  seat_labels: { type: 'array', items: text, description: 'Another plan keeps these' },
  customer: optionalText,
  note: optionalText,
  held_until: { ...optionalTime, description: 'When a hold ends; null: it does not expire' },
  failure: { ...optionalText, description: 'The code of the error, if it failed' },
  createdAt: time,
  updatedAt: time,
} as const

const inSections = {
  section: {
    ...optionalText,
    description: 'The one section of the seats; only present if the house has sections',
  },
} as const

const mayBeExpired = {
  expired: { type: 'boolean', description: 'Only present for a hold that has expired' },
} as const

const record = fields(recordFields, inSections)

export const booking = {
  $id: 'Booking',
  description: 'A booking',
  ...fields(
    {
      ...recordFields,
      replayed: { type: 'boolean', description: 'An earlier request did this already' },
    },
    { ...inSections, ...mayBeExpired, ...warned },
  ),
} as const

export const listedBooking = {
  $id: 'ListedBooking',
  description: 'A booking, its show and its checked-in seats',
  ...fields(
    { ...recordFields, show_name: text, admitted_seats: seatNumbers },
    { ...inSections, ...mayBeExpired },
  ),
} as const

export const checkIn = {
  $id: 'CheckIn',
  description: 'The result of a check-in',
  ...fields(
    {
      booking: record,
      admitted: { ...seatNumbers, description: 'Let in now; with undo, let out' },
      already: {
        type: 'array',
        description: 'Seats that were in before, and since when',
        items: fields({ seat: { type: 'integer' }, at: time }),
      },
    },
    warned,
  ),
} as const

export const error = {
  $id: 'Error',
  ...fields(
    {
      error: fields(
        {
          code: { ...text, description: 'From a closed list; match on it' },
          message: { ...text, description: 'For people; it may change' },
          retryable: {
            type: 'boolean',
            description: 'Whether repeating the same request is safe and may succeed',
          },
        },
        {
          seats: { ...seatNumbers, description: 'The seats concerned' },
          alternatives: { ...seatNumbers, description: 'Free seats to offer instead' },
        },
      ),
    },
    { booking: { $ref: 'Booking#', description: 'The FAILED booking that records the refusal' } },
  ),
} as const

/** A request's fields: all optional except `required`; unknown fields are refused. */
function changes<const P extends Record<string, object>, R extends keyof P & string = never>(
  properties: P,
  required: readonly R[] = [],
) {
  return { type: 'object', additionalProperties: false, required, properties } as const
}

export const newShow = changes(
  {
    name: { ...text, description: '1 to 200 characters' },
    start_time: {
      ...text,
      description: 'ISO 8601 with an offset or Z, or a local time in time_zone',
    },
    total_seats: {
      type: 'integer',
      minimum: 1,
      maximum: 100_000,
      description: 'Required without a plan',
    },
    seats_per_row: { type: ['integer', 'null'], minimum: 1, description: 'Gives rows: A1, A2, …' },
    plan: {
      ...text,
      description:
        'Instead of total_seats and seats_per_row: the text of a plan, see docs/plans.md',
    },
    time_zone: { ...text, description: 'IANA name (default: UTC)' },
  },
  ['name', 'start_time'],
)

const someSeats = {
  type: ['array', 'string'],
  items: { type: 'integer' },
  minItems: 1,
  description: "Seat numbers, or a text such as '1,2,5-8' or 'A1-A4'",
} as const

export const bookRequest = changes({
  seats: someSeats,
  seats_count: {
    type: 'integer',
    minimum: 1,
    description: 'Instead of seats: the best N free seats',
  },
  section: { ...text, description: 'With seats_count: in this section' },
  accessible: {
    type: 'boolean',
    description: 'With seats_count: a wheelchair place, and the others beside it',
  },
  include_accessible: {
    type: 'boolean',
    description: 'With seats_count: wheelchair places too, if nothing else is left',
  },
  customer: optionalText,
  note: optionalText,
  hold: { ...text, description: "Hold instead of selling: '15m', '2h', 'forever'" },
})

export const confirmRequest = changes({
  seats: { ...someSeats, description: 'Only these seats of the hold' },
})

export const cancelRequest = changes({
  seats: { ...someSeats, description: 'Only these seats' },
  reason: optionalText,
})

export const moveRequest = changes(
  {
    to: { ...someSeats, description: 'As many seats as the booking has' },
    to_show: { ...text, description: 'Another show (default: the same show)' },
  },
  ['to'],
)

export const checkInRequest = changes({
  seats: { ...someSeats, description: 'Only these seats' },
  show: { ...text, description: 'The show at this door; bookings for others are refused' },
  undo: { type: 'boolean' },
})

export const listQuery = changes({
  limit: {
    type: 'integer',
    minimum: 1,
    maximum: 1_000_000_000,
    description: 'The maximum number of shows',
  },
  after: { ...text, description: 'The id of the last show of the previous page' },
  upcoming: {
    ...text,
    enum: ['', 'true', 'false'],
    description: 'Only shows that have not started',
  },
  search: { ...text, description: 'Words, or beginnings of words, of the name' },
})

export const idempotencyKey = {
  type: 'object',
  properties: {
    'idempotency-key': {
      type: 'string',
      description:
        'Makes a retry safe: the same key with the same body books once. Each token has its own keys',
    },
  },
} as const

export const showParams = changes({ show: { ...text, description: 'Its id' } }, ['show'])

export const bookingParams = changes(
  { booking: { ...text, description: 'Its id or its reference' } },
  ['booking'],
)

/** Derives the types of requests and responses from the schemas. */
export type SchemaTypes = JsonSchemaToTsProvider<{
  SerializerSchemaOptions: {
    references: [
      typeof show,
      typeof seats,
      typeof booking,
      typeof listedBooking,
      typeof checkIn,
      typeof error,
    ]
  }
}>

/** The error responses of a route, all of the same shape. */
export function errors(...statuses: (keyof typeof meanings)[]) {
  return Object.fromEntries(
    [...statuses, ...ofAnyRoute].map((status) => [
      status,
      { description: meanings[status], $ref: 'Error#' },
    ]),
  )
}

const ofAnyRoute = [400, 403, 429, 503] as const

const meanings = {
  400: 'The request is wrong',
  401: 'A token is required',
  403: 'Not allowed',
  404: 'No such show, booking or seat',
  409: 'Refused: taken, not enough, in the wrong state, or a key that was used for another request',
  413: 'The body is larger than 1 MiB; that of a new show, 8 MiB',
  415: 'The body is not JSON',
  429: 'Too many requests from this address: retry after Retry-After',
  503: 'Busy, or no database: retry after Retry-After',
}
