import { type BookingRequest, SeatSet } from 'tickets-box-office'
import { interleave, ratio } from '../measure.js'
import { compare, type Measurement, type Point } from '../result.js'
import type { BenchDatabase } from '../server.js'
import { addShow } from '../shows.js'
import { type Worker, withWorkers } from '../worker.js'
import type { Section } from './section.js'

const SIZES = [100, 1000, 10_000, 100_000]
const SEATS_PER_ROW = 50

/** Compares the cost of a booking in a large and in a small house. */
export const houses: Section = {
  name: 'houses',
  title: 'One booking of two seats through the library, by size of the house',
  async run({ server, isQuick }) {
    const database = await server.createDatabase('houses')
    const library = { file: 'library.mjs', args: [database.url] }
    const files = Object.fromEntries(SIZES.map((size) => [String(size), library]))
    return withWorkers(files, async (workers) => {
      const cases: Record<string, () => Promise<number>> = {}
      for (const { name, soldIn, request, planOf } of CASES) {
        for (const size of SIZES) {
          const sold = soldIn(size)
          const rows = planOf ? { plan: planOf(size) } : { seatsPerRow: SEATS_PER_ROW }
          const show = await addShow(database, size, { sold, ...rows })
          cases[`${name} ${size}`] = () =>
            bookOnce(workers[size]!, database, { show, sold, request: request(size) })
        }
      }
      const samples = await interleave(isQuick ? 5 : 200, cases)
      const peaks = await Promise.all(SIZES.map((size) => workers[size]!.peakMb()))
      const measurements = CASES.flatMap(({ name }) =>
        SIZES.map((size, i): Measurement => {
          const base = { what: `${SIZES[0]} seats`, samples: samples[`${name} ${SIZES[0]}`]! }
          return {
            ...compare(
              `${name}, ${size.toLocaleString('en-GB')} seats`,
              samples[`${name} ${size}`]!,
              'ms',
              base,
            ),
            peakMb: peaks[i]!,
            ...(size === SIZES.at(-1) && { targets: [{ of: 'ratio', atMost: 1.5 }] }),
          }
        }),
      )
      const points = CASES.flatMap(({ name }) =>
        SIZES.map((size): Point => {
          const y = ratio(samples[`${name} ${size}`]!, samples[`${name} ${SIZES[0]}`]!)
          return { panel: 'houses', series: name, x: size, y }
        }),
      )
      return { measurements, points, notes: [NEARLY_FULL] }
    })
  },
}

const NEARLY_FULL =
  'A nearly full house has one free seat in every hundred, and the last two: the only two together.'

interface Case {
  name: string
  soldIn(size: number): SeatSet
  request(size: number): BookingRequest
  /** The text of its plan; without one, it has rows of one length. */
  planOf?(size: number): string
}

const lastTwo = (size: number): BookingRequest => ({ seats: [size - 1, size] })
const anyTwo = (): BookingRequest => ({ count: 2 })
const anyThree = (): BookingRequest => ({ count: 3 })

const CASES: Case[] = [
  { name: 'empty, by seats', soldIn: SeatSet.empty, request: lastTwo },
  { name: 'empty, by count', soldIn: SeatSet.empty, request: anyTwo },
  { name: 'nearly full, by seats', soldIn: nearlyFull, request: lastTwo },
  { name: 'nearly full, by count', soldIn: nearlyFull, request: anyTwo },
  { name: 'nearly full, three apart', soldIn: nearlyFull, request: anyThree },
  {
    name: 'nearly full, by count, with a plan',
    soldIn: nearlyFull,
    request: anyTwo,
    planOf: inSections,
  },
]

/** Sections of twenty rows, each with an aisle in the middle. */
function inSections(size: number): string {
  const rows = Array.from({ length: size / SEATS_PER_ROW }, (_, index) => {
    const section = index % 20 === 0 ? `section S${index / 20 + 1}\n` : ''
    return `${section}${(index % 20) + 1}  1-25 . 26-50\n`
  })
  return rows.join('')
}

function nearlyFull(size: number): SeatSet {
  const isFree = (seat: number) => seat > size - 2 || seat % 100 === SEATS_PER_ROW
  const seats = Array.from({ length: size }, (_, i) => i + 1)
  return SeatSet.of(
    seats.filter((seat) => !isFree(seat)),
    size,
  )
}

/** Milliseconds of one booking, which is undone afterwards: every round finds the same house. */
async function bookOnce(
  worker: Worker,
  { sql }: BenchDatabase,
  { show, sold, request }: { show: string; sold: SeatSet; request: BookingRequest },
): Promise<number> {
  const times = await worker.ask<number[]>('time', { method: 'book', calls: [[show, request]] })
  await sql('update shows set booked_seats = $2, confirmed_seats_count = $3 where id = $1', [
    show,
    sold.toBytes(),
    sold.size,
  ])
  await sql('delete from bookings where show_id = $1', [show])
  return times[0]!
}
