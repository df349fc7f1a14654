import type { Wanted } from '../house/decide.js'
import { checkSeats, MAX_SEATS, parseSeats, type SeatLayout } from '../house/seats.js'
import { TicketsError } from '../shared/errors.js'
import { checkBookingId, newBookingId } from '../shared/ids.js'
import { checkOptionalText } from '../shared/text-input.js'
import type { BookingRequest } from './booking.js'

/** Stage 1 of a booking: a request that is checked, under the id that its record gets. */
export interface ValidRequest {
  id: string
  wanted: Wanted
  customer: string | null
  note: string | null
  hold: number | 'forever' | undefined
  key: string | null
  /** The scope of the key; '' where there is no key. */
  keyScope: string
  /** The whole request in one canonical text: what the same key must come with again. */
  keyRequest: string | null
  /** Who sells it, when not the session's operator. */
  operator: string | undefined
  /** It cannot have a record yet: its id was made here, and it has no key. */
  isNew: boolean
  /** Its index in the batch that it came with. */
  place: number
}

const MAX_KEY = 200

/** The show that a request is for. */
export interface RequestedShow {
  showId: string
  layout: SeatLayout
}

/** Checks a request against the house that it is for. Returns INVALID_INPUT, NO_SUCH_SEAT. */
export function validateRequest(
  request: BookingRequest,
  { showId, layout }: RequestedShow,
  place = 0,
): ValidRequest | TicketsError {
  try {
    const wanted = wantedOf(request, layout)
    const customer = checkOptionalText('customer', request.customer, 200)
    const note = checkOptionalText('note', request.note, 1000)
    const key = checkOptionalText('key', request.key, MAX_KEY)
    const { hold, operator, keyScope = '' } = request
    return {
      id: request.id === undefined ? newBookingId() : checkBookingId(request.id),
      wanted,
      customer,
      note,
      hold,
      key,
      keyScope: key === null ? '' : keyScope,
      keyRequest: key === null ? null : JSON.stringify({ showId, ...wanted, customer, note, hold }),
      operator,
      isNew: request.id === undefined && key === null,
      place,
    }
  } catch (error) {
    if (error instanceof TicketsError) return error
    throw error
  }
}

function wantedOf(request: BookingRequest, layout: SeatLayout): Wanted {
  const { seats, count } = request
  if ((seats === undefined) === (count === undefined)) {
    const sentence =
      seats === undefined
        ? 'Say which seats, or how many.'
        : 'Say either which seats or how many, not both.'
    throw new TicketsError('INVALID_INPUT', sentence)
  }
  if (seats !== undefined) {
    return {
      seats: typeof seats === 'string' ? parseSeats(seats, layout) : checkSeats(seats, layout),
    }
  }
  if (!Number.isInteger(count) || count! < 1 || count! > MAX_SEATS) {
    throw new TicketsError(
      'INVALID_INPUT',
      `The number of seats is a whole number from 1 to 100,000; got ${count}.`,
    )
  }
  return { count: count! }
}

/** A key in its scope, as one text. No text that PostgreSQL keeps has a NUL. */
export function scopedKey(scope: string, key: string): string {
  return `${scope}\0${key}`
}
