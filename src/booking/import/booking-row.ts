import { readSeatSpec } from '../../house/seat-spec.js'
import { MAX_SEATS } from '../../house/seats.js'
import { invalidInput, type TicketsError } from '../../shared/errors.js'
import { quote } from '../../shared/quote.js'
import { parseHold } from '../../shared/time/duration.js'
import type { BookingRequest } from '../booking.js'

/** The fields of a row. */
export const ROW_FIELDS = [
  ...(['show', 'seats', 'count', 'section', 'accessible', 'include_accessible'] as const),
  ...(['customer', 'note', 'key', 'hold'] as const),
] as const

export type RowField = (typeof ROW_FIELDS)[number]

/** A request of a file, and the name or id of its show. */
export interface RowRequest {
  show: string
  request: BookingRequest
  /** The approximate number of its seats and characters, as a measure of memory. */
  weight: number
}

/**
 * Parses a row's values; ignores missing, null and empty ones. `show` is the command line's, for
 * all rows.
 *
 * Throws INVALID_INPUT: an unknown field, a value of the wrong kind, no show or two, no seats.
 */
export function parseRow(values: Readonly<Record<string, unknown>>, show?: string): RowRequest {
  for (const name in values) if (!isRowField(name)) throw unknownField(name)
  const seats = seatsOf(values.seats)
  const count = countOf(values.count)
  const hold = textOf('hold', values.hold)
  if ((seats === undefined) === (count === undefined)) {
    throw invalidInput('A row must say either which seats or how many: give seats or count.')
  }
  // `Required` makes the compiler refuse a field that is forgotten.
  const request: Required<Omit<BookingRequest, 'keyScope' | 'operator' | 'id'>> = {
    seats,
    count,
    accessible: isYes('accessible', values.accessible),
    includeAccessible: isYes('include_accessible', values.include_accessible),
    section: textOf('section', values.section),
    customer: textOf('customer', values.customer),
    note: textOf('note', values.note),
    key: textOf('key', values.key),
    hold: hold === undefined ? undefined : parseHold(hold),
  }
  return {
    show: showOf(textOf('show', values.show), show),
    request,
    // A row with more seats is refused; its weight must not refuse the file that it is in.
    weight: Math.min(count ?? spanOf(seats!), MAX_SEATS) + lengthOf(values),
  }
}

export function isRowField(name: string): name is RowField {
  return (ROW_FIELDS as readonly string[]).includes(name)
}

/** The error for an unknown field or column. */
export function unknownField(name: string): TicketsError {
  return invalidInput(`${quote(name)} is not one of the fields ${ROW_FIELDS.join(', ')}.`)
}

function showOf(own: string | undefined, common: string | undefined): string {
  if (own !== undefined && common !== undefined) {
    throw invalidInput(
      'The show is named in the row and on the command line. Name it in one place.',
    )
  }
  const show = own ?? common
  if (show === undefined)
    throw invalidInput('The row must name its show, because the command line does not.')
  return show
}

function textOf(name: RowField, value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw invalidInput(`${name} must be a string.`)
  return value
}

function seatsOf(value: unknown): string | number[] | undefined {
  if (value === undefined || value === null || value === '') return undefined
  const isList = Array.isArray(value) && value.every((seat) => typeof seat === 'number')
  if (typeof value === 'string' || isList) return value as string | number[]
  throw invalidInput('seats must be a string such as 1,2,5-8, or a list of seat numbers.')
}

function countOf(value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined
  const count = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value
  if (Number.isInteger(count) && (count as number) >= 1) return count as number
  throw invalidInput('count must be a whole number, 1 or more, such as 4.')
}

/** Undefined for no, too. */
function isYes(name: RowField, value: unknown): true | undefined {
  if (value === undefined || value === null || value === '') return undefined
  const text = String(value).toLowerCase()
  if (text === 'true' || text === 'yes') return true
  if (text === 'false' || text === 'no') return undefined
  throw invalidInput(`${name} must be true or false.`)
}

function spanOf(seats: string | readonly number[]): number {
  // A list of plain numbers has no more seats than characters.
  if (typeof seats !== 'string' || NUMBERS.test(seats)) return seats.length
  let span = 0
  for (const { first, last } of readSeatSpec(seats)) {
    // A range across rows is refused, so it needs no memory.
    span += Math.min(Math.abs(last.number - first.number) + 1, MAX_SEATS)
  }
  return span
}

const NUMBERS = /^[1-9]\d{0,5}(,[1-9]\d{0,5}){0,99}$/

function lengthOf(values: Readonly<Record<string, unknown>>): number {
  let length = 0
  for (const name in values) {
    const value = values[name]
    if (typeof value === 'string') length += value.length
  }
  return length
}
