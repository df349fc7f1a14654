import type { BookingOutcome, BookingRequest, Show } from '../../../client/api.js'
import { bookingJson, errorJson, showDetailsJson } from '../../../client/json.js'
import type { Client } from '../../../client/open-client.js'
import { hasCode, TicketsError } from '../../../shared/errors.js'
import type { Context, Handler } from '../../context.js'
import { isProof, runAndCheck } from '../stress/load-run.js'
import { processWorker } from '../stress/workers.js'
import { commandOf, DemoOutput, type Race } from './output.js'

/** `tickets demo`: sells a throwaway show out, and verifies that no seat was sold twice. */
export const run: Handler = async (context) => {
  const { output, tickets } = context
  const printed = new DemoOutput(output)
  await printed.begin(tickets.databaseName)
  const result = await tickets.withThrowaway((throwaway, schema) =>
    runDemo(context, { tickets: throwaway, schema, printed }),
  )
  await printed.end()
  if (output.json) await output.document(demoJson(result))
  return isProof(result.race.run) ? 0 : 7
}

interface Stage {
  tickets: Client
  schema: string
  printed: DemoOutput
}

interface DemoResult {
  show: Show
  bookings: { request: BookingRequest; result: BookingOutcome | TicketsError }[]
  race: Race
}

const HOUSE = { name: 'The Lion King', totalSeats: 60, seatsPerRow: 12 }
const DAY_MS = 86_400_000
const QUARTER_MS = 900_000

/**
 * The bookings before the race; a title begins a chapter. They leave 12 seats, not all in one row.
 */
const SCENES: { title?: string; request: BookingRequest }[] = [
  {
    title: 'The first customers: the best seats that are free, or seats by name',
    request: { count: 4, customer: 'Ada' },
  },
  { request: { seats: 'C5-C8', customer: 'Grace' } },
  {
    title: 'Alan wants seats that Grace has',
    request: { seats: 'C7-C8', customer: 'Alan' },
  },
  {
    title: 'A critic may still decide, and a school takes nearly all the rest',
    request: { seats: 'A5-A8', customer: 'Critic', hold: QUARTER_MS },
  },
  { request: { count: 36, customer: 'School' } },
]

/** How many processes race for the last seats, and how many seats each of them wants. */
const PROCESSES = 24
const SEATS_EACH = 2

async function runDemo(context: Context, stage: Stage): Promise<DemoResult> {
  const { tickets, printed } = stage
  const show = await tickets.createShow({ ...HOUSE, startTime: tomorrowEvening() })
  await printed.created(show)
  const bookings: DemoResult['bookings'] = []
  for (const { title, request } of SCENES) {
    const result = await tickets.book(show.id, request).catch(expectRefusal)
    bookings.push({ request, result })
    await printed.booked({ title, show, request, result })
  }
  return { show, bookings, race: await race(context, stage, show) }
}

async function race(
  context: Context,
  { tickets, schema, printed }: Stage,
  show: Show,
): Promise<Race> {
  const before = await tickets.viewShow(show.id)
  await printed.raceBegins(before, { processes: PROCESSES, seatsEach: SEATS_EACH })
  const run = await runAndCheck(context, tickets, {
    showId: show.id,
    requests: Array.from({ length: PROCESSES }, () => ({ count: SEATS_EACH })),
    concurrency: PROCESSES,
    worker: processWorker(context, { showId: show.id, schema }),
  })
  const race = { run, before, after: await tickets.viewShow(show.id) }
  await printed.raceEnded(race)
  return race
}

function tomorrowEvening(): Date {
  const tomorrow = new Date(Date.now() + DAY_MS)
  tomorrow.setUTCHours(19, 0, 0, 0)
  return tomorrow
}

function expectRefusal(error: unknown): TicketsError {
  if (hasCode(error, 'SEATS_TAKEN')) return error
  throw error
}

function demoJson({ show, bookings, race: { run, before, after } }: DemoResult) {
  const { confirmed, refused, busy, failed, seats, seconds } = run.summary
  return {
    ok: isProof(run),
    show: showDetailsJson(after),
    bookings: bookings.map(({ request, result }) => ({
      command: commandOf(show, request),
      ...(result instanceof TicketsError ? errorJson(result) : { booking: bookingJson(result) }),
    })),
    race: {
      processes: PROCESSES,
      seats_left: before.availableSeats,
      confirmed,
      refused,
      busy,
      failed,
      seats_sold: seats,
      seconds: Math.round(seconds * 10) / 10,
    },
    problems: run.problems,
    verified: { shows: run.checked.shows, bookings: run.checked.bookings },
    violations: run.violations,
  }
}
