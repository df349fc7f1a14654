import type { BookingRequest } from '../../../client/api.js'
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

/** Those that describe the booking. With --file, the rows of the file do. */
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

/** The seats that are wanted: named, or a number of them, and where. */
export type WantedSeats = Pick<
  BookingRequest,
  'seats' | 'count' | 'section' | 'accessible' | 'includeAccessible'
>

/** The options that say where the seats of --count are. */
const PLACES = ['section', 'accessible', 'includeAccessible'] as const

/** The request of the options, checked as far as possible without the show. Throws INVALID_INPUT. */
export function requestOf(options: BookCommandOptions): BookingRequest {
  const { seats, count, hold, ...others } = descriptionIn(options)
  if (seats !== undefined && count !== undefined) {
    throw invalidInput('--seats and --count cannot be used together.')
  }
  // Nothing that is asked for later, such as a seat on the map, would respect it.
  const place = count === undefined && PLACES.find((name) => others[name] !== undefined)
  if (place) {
    throw invalidInput(`${flagOf(place)} requires --count.`)
  }
  if (seats !== undefined) checkSeatSpec(seats)
  return {
    ...others,
    seats,
    ...(count !== undefined && { count: parseCount('--count', count) }),
    ...(hold !== undefined && { hold: parseHold(hold) }),
  }
}

/** Divides a request into the seats that it wants, if it says which, and the rest. */
export function divideRequest(request: BookingRequest) {
  const { seats, count, section, accessible, includeAccessible, ...rest } = request
  const isOpen = (seats ?? count) === undefined
  const wanted: WantedSeats = { seats, count, section, accessible, includeAccessible }
  return { wanted: isOpen ? undefined : wanted, rest }
}

/** Throws INVALID_INPUT for an option that --file excludes. */
export function refuseRequestOptions(options: BookCommandOptions): void {
  const given = Object.entries(descriptionIn(options)).find(([, value]) => value !== undefined)
  if (given === undefined) return
  const sentence = `${flagOf(given[0])} cannot be used with --file: put the value in the rows of the file.`
  throw invalidInput(sentence)
}

/** '--include-accessible' for includeAccessible. */
function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

function descriptionIn({ date, dryRun, yes, file, atomic, ...description }: BookCommandOptions) {
  return description satisfies RequestOptions
}
