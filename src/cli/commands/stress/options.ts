import { randomInt } from 'node:crypto'
import { MAX_SEATS } from '../../../house/seats.js'
import { invalidInput } from '../../../shared/errors.js'
import { formatNumber } from '../../../shared/numbers.js'
import { parseCount } from '../../context.js'

export interface StressOptions {
  date?: string
  bookings?: string
  processes?: string
  inProcess?: boolean
  daemon?: boolean
  concurrency?: string
  seatsPerBooking?: string
  totalSeats?: string
  seed?: string
  yes?: boolean
}

/** The options of `stress`, with all defaults filled in. */
export interface StressChoice {
  bookings: number
  /** `daemon`: by processes that pass their bookings to the daemon. */
  mode: 'processes' | 'daemon' | 'in-process'
  /** How many bookings are under way at any time. */
  concurrency: number
  seatsPerBooking: { min: number; max: number }
  /** Seats of the throwaway show. */
  totalSeats: number
  seed: number
}

/** Reads the options; `isNamed`: a show was given. Throws INVALID_INPUT. */
export function parseStressOptions(options: StressOptions, isNamed: boolean): StressChoice {
  const { inProcess = false, daemon = false, processes, concurrency } = options
  if (inProcess && daemon) {
    throw invalidInput('--daemon and --in-process cannot be used together.')
  }
  if (inProcess && processes !== undefined) {
    throw invalidInput('--processes and --in-process cannot be used together. Use --concurrency.')
  }
  if (!inProcess && concurrency !== undefined) {
    throw invalidInput('--concurrency requires --in-process. Add --in-process, or use --processes.')
  }
  if (isNamed && options.totalSeats !== undefined) {
    throw invalidInput(
      '--total-seats applies only to a throwaway show. Leave out the show or the option.',
    )
  }
  const bookings = within('--bookings', options.bookings ?? '300', 1_000_000)
  return {
    bookings,
    mode: inProcess ? 'in-process' : daemon ? 'daemon' : 'processes',
    concurrency: inProcess
      ? within('--concurrency', concurrency ?? '256', 10_000)
      : within('--processes', processes ?? '50', 1000),
    seatsPerBooking: parseRange(options.seatsPerBooking ?? '1..4'),
    // One seat for each booking, so that not all can succeed when they want several seats each.
    totalSeats: within(
      '--total-seats',
      options.totalSeats ?? String(Math.min(bookings, MAX_SEATS)),
      MAX_SEATS,
    ),
    seed: options.seed === undefined ? randomInt(2 ** 32) : parseSeed(options.seed),
  }
}

function within(flag: string, text: string, most: number): number {
  const count = parseCount(flag, text)
  if (count <= most) return count
  throw invalidInput(`${flag} must be at most ${formatNumber(most)}.`)
}

function parseRange(text: string): { min: number; max: number } {
  const [, first, last = first] = /^(\d{1,4})(?:\.\.(\d{1,4}))?$/.exec(text.trim()) ?? []
  const [min, max] = [Number(first), Number(last)]
  if (min >= 1 && min <= max) return { min, max }
  throw invalidInput('--seats-per-booking must be a number or a range, such as 2 or 1..4.')
}

function parseSeed(text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text)
  throw invalidInput(
    '--seed must be a whole number from 0 to 4,294,967,295, as an earlier run printed it.',
  )
}
