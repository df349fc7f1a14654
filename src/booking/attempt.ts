import type { Party } from '../house/best-available.js'
import type { Wanted } from '../house/decide.js'
import { sectionNamed } from '../house/rows.js'
import { checkSeats, MAX_SEATS, parseSeats, type SeatLayout, seatsLike } from '../house/seats.js'
import { invalidInput, TicketsError } from '../shared/errors.js'
import { foldText } from '../shared/fold-text.js'
import { checkBookingId, newBookingId } from '../shared/ids.js'
import { checkOptionalText } from '../shared/text-input.js'
import type { BookingRequest, WantedSeats } from './booking.js'
import { newReference } from './references.js'

/** A valid request, under the id and the reference that its booking has. */
export interface Attempt {
  /** A new one, or that of an earlier call: with the same id, or once recorded with the same key. */
  id: string
  reference: string
  /** Whether an earlier call with the same key made the booking. */
  isReplay: boolean
  wanted: Wanted
  /** The layout of the house that `wanted` was read with. */
  layout: SeatLayout
  /** Reads what is wanted again, with another layout. Throws INVALID_INPUT, NO_SUCH_SEAT. */
  wantedIn: (layout: SeatLayout) => Wanted
  customer: string | null
  note: string | null
  hold: number | 'forever' | undefined
  key: string | null
  /** The scope of the key; '' without a key. */
  keyScope: string
  /** The whole request as a text, to compare with a repetition with the same key. */
  keyRequest: string | null
  /** Who sells the seats (default: the session's operator). */
  operator: string | undefined
  /** Whether it cannot have a record yet: its id is new, and it has no key. */
  isNew: boolean
  /** Its index in the batch. */
  index: number
}

const MAX_KEY = 200

/** The show of a request. */
export interface RequestedShow {
  showId: string
  layout: SeatLayout
}

/** Validates a request against its house. Returns INVALID_INPUT, NO_SUCH_SEAT. */
export function attemptOf(
  request: BookingRequest,
  { showId, layout }: RequestedShow,
  index = 0,
): Attempt | TicketsError {
  try {
    const wanted = wantedOf(request, layout)
    const customer = checkOptionalText('customer', request.customer, 200)
    const note = checkOptionalText('note', request.note, 1000)
    const key = checkOptionalText('key', request.key, MAX_KEY)
    const { hold, operator, keyScope = '' } = request
    return {
      id: request.id === undefined ? newBookingId() : checkBookingId(request.id),
      reference: newReference(),
      isReplay: false,
      wanted,
      layout,
      // With a key, numbers are recorded with the plan that they are read by, so they stay its seats.
      wantedIn: (current) =>
        key !== null && 'seats' in wanted
          ? { seats: seatsLike(wanted.seats, layout, current) }
          : wantedOf(request, current),
      customer,
      note,
      hold,
      key,
      keyScope: key === null ? '' : keyScope,
      keyRequest:
        key === null
          ? null
          : JSON.stringify({
              // The section by its name, which overrides its index: another plan changes indexes.
              ...{ showId, ...wanted, ...sectionOf(request), customer, note, hold },
              ...('seats' in wanted && { plan: layout.plan?.id }),
            }),
      operator,
      isNew: request.id === undefined && key === null,
      index,
    }
  } catch (error) {
    if (error instanceof TicketsError) return error
    throw error
  }
}

function wantedOf(request: BookingRequest, layout: SeatLayout): Wanted {
  const { seats, count, section, accessible, includeAccessible } = request
  // `Required`, here and below, makes the compiler refuse a field that is forgotten.
  const where: Required<Omit<WantedSeats, 'seats' | 'count'>> = {
    section,
    accessible,
    includeAccessible,
  }
  if ((seats === undefined) === (count === undefined)) {
    const sentence =
      seats === undefined
        ? 'Say which seats, or how many.'
        : 'Say either which seats or how many, not both.'
    throw invalidInput(sentence)
  }
  if (seats !== undefined) {
    if (Object.values(where).some(Boolean)) {
      throw invalidInput(
        'A section or wheelchair places can only be requested with a number of seats. Leave them out, or give a number instead of naming the seats.',
      )
    }
    return {
      seats: typeof seats === 'string' ? parseSeats(seats, layout) : checkSeats(seats, layout),
    }
  }
  if (!Number.isInteger(count) || count! < 1 || count! > MAX_SEATS) {
    throw invalidInput(
      `The number of seats must be a whole number from 1 to 100,000; got ${count}.`,
    )
  }
  const party: Required<Party> = {
    count: count!,
    section: section === undefined ? undefined : sectionNamed(section, layout),
    // As a part of the key's request, false is the same as nothing.
    accessible: accessible || undefined,
    includeAccessible: includeAccessible || undefined,
  }
  return party
}

/** A section by its name, as another plan may have it in another place. */
function sectionOf({ section }: BookingRequest): { section?: string } {
  return section === undefined ? {} : { section: foldText(section) }
}

/**
 * Takes a batch to its next stage. Keeps the errors; passes the rest to `next`, which returns one
 * result for each, in the same order.
 */
export async function toNextStage<From, To>(
  batch: readonly (From | Error)[],
  next: (passed: readonly From[]) => Promise<(To | Error)[]>,
): Promise<(To | Error)[]> {
  const passed = batch.filter((one): one is From => !(one instanceof Error))
  if (passed.length === 0) return batch as Error[]
  const results = await next(passed)
  let index = 0
  return batch.map((one) => (one instanceof Error ? one : results[index++]!))
}

/**
 * Combines a key and its scope. PostgreSQL stores no text with a NUL, so the result is unambiguous.
 */
export function scopedKey(scope: string, key: string): string {
  return `${scope}\0${key}`
}
