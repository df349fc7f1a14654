import type { BookingRequest, WantedSeats } from '../../../client/api.js'
import { checkSeatSpec } from '../../../house/seats.js'
import { invalidInput } from '../../../shared/errors.js'
import { parseHold } from '../../../shared/time/duration.js'
import { parseCount } from '../../context.js'

/** The options of `tickets book`, as they were typed. */
export interface BookCommandOptions extends RequestOptions {
  date?: string
  dryRun?: boolean
  yes?: boolean
  file?: string
  atomic?: boolean
}

/** The options that describe the booking. With --file, the rows of the file do. */
interface RequestOptions {
  seats?: string
  count?: string
  section?: string
  accessible?: boolean
  includeAccessible?: boolean
  customer?: string
  note?: string
  key?: string
  hold?: string
}

/** The request of the options, checked as far as possible without the show. Throws INVALID_INPUT. */
export function requestOf(options: BookCommandOptions): BookingRequest {
  const { count, hold, ...others } = descriptionIn(options)
  const { seats } = others
  if (seats !== undefined && count !== undefined) {
    throw invalidInput('--seats and --count cannot be used together.')
  }
  const { seats: _, ...where } = divideRequest(others).wanted
  // Nothing that is asked for later, such as a seat on the map, would respect it.
  const stray = count === undefined && firstGiven(where)
  if (stray) throw invalidInput(`${flagOf(stray)} requires --count.`)
  if (seats !== undefined) checkSeatSpec(seats)
  return {
    ...others,
    ...(count !== undefined && { count: parseCount('--count', count) }),
    ...(hold !== undefined && { hold: parseHold(hold) }),
  }
}

/** Divides a request into the seats that it wants and the rest. */
export function divideRequest(request: BookingRequest) {
  const { seats, count, section, accessible, includeAccessible, ...rest } = request
  // `Required` makes the compiler refuse a field that is forgotten.
  const wanted: Required<WantedSeats> = { seats, count, section, accessible, includeAccessible }
  return { wanted, rest }
}

/** Whether the request says which seats or how many. */
export function saysWhich({ seats, count }: WantedSeats): boolean {
  return (seats ?? count) !== undefined
}

/** Throws INVALID_INPUT for an option that --file excludes. */
export function refuseRequestOptions(options: BookCommandOptions): void {
  const given = firstGiven(descriptionIn(options))
  if (given === undefined) return
  const sentence = `${flagOf(given)} cannot be used with --file: put the value in the rows of the file.`
  throw invalidInput(sentence)
}

function firstGiven(options: object): string | undefined {
  return Object.entries(options).find(([, value]) => value !== undefined)?.[0]
}

/** '--include-accessible' for includeAccessible. */
function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

function descriptionIn({ date, dryRun, yes, file, atomic, ...description }: BookCommandOptions) {
  return description satisfies RequestOptions
}
