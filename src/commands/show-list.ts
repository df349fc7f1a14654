import { TicketsError } from '../core/errors.js'
import { showJson } from '../core/json.js'
import type { Show } from '../core/shows.js'
import { type Column, type ListFormat, writeList } from '../terminal/list.js'
import { type Handler, parseCount } from './context.js'
import { whenOf } from './show-text.js'

export interface ShowListOptions {
  upcoming?: boolean
  search?: string
  limit?: string
  all?: boolean
  output?: ListFormat
}

/** What a terminal shows unless told: more would scroll away. */
const SCREENFUL = 50

/** `tickets show list`. */
export const run: Handler<ShowListOptions> = async ({ output, tickets }, options) => {
  if (options.all && options.limit !== undefined) {
    throw new TicketsError(
      'INVALID_INPUT',
      '--all and --limit exclude each other. Give one of them.',
    )
  }
  if (output.json && (options.output ?? 'json') !== 'json') {
    throw new TicketsError(
      'INVALID_INPUT',
      `--json and --output ${options.output} exclude each other. Give one of them.`,
    )
  }
  const isForEyes = output.isTerminal && !output.json && (options.output ?? 'table') === 'table'
  const isCut = isForEyes && !options.all && options.limit === undefined
  const limit = isCut
    ? SCREENFUL
    : options.limit === undefined
      ? undefined
      : parseCount('--limit', options.limit)
  const { upcoming, search } = options
  let count = 0
  const shows = tickets.listShows({
    ...(upcoming && { upcoming }),
    ...(search !== undefined && { search }),
    ...(limit !== undefined && { limit }),
  })
  const counted = (async function* () {
    for await (const show of shows) {
      count++
      yield show
    }
  })()
  await writeList(
    output,
    {
      format: options.output,
      columns,
      toJson: showJson,
      ifEmpty: isNarrowed(options)
        ? 'No show matches.'
        : 'There are no shows yet. Create one: tickets show create',
    },
    counted,
  )
  if (isCut && count === SCREENFUL) {
    output.hint(`The first ${SCREENFUL} shows. --all shows them all, --search narrows them down.`)
  }
}

const columns: Column<Show>[] = [
  { title: 'ID', field: 'id', cell: (show) => show.id.slice(0, 8), value: (show) => show.id },
  { title: 'SHOW', field: 'name', cell: (show) => show.name, weight: 1, minWidth: 12 },
  {
    title: 'STARTS',
    field: 'start_time',
    cell: whenOf,
    value: (show) => show.startTime.toISOString(),
    weight: 0.2,
    minWidth: 16,
  },
  number('SEATS', 'total_seats', (show) => show.totalSeats),
  number('SOLD', 'confirmed_seats_count', (show) => show.confirmedSeats),
  number('HELD', 'held_seats_count', (show) => show.heldSeats),
  {
    ...number('FREE', 'available_seats', free),
    cell: (show) =>
      show.cancelledAt ? 'cancelled' : free(show) === 0 ? 'sold out' : `${free(show)}`,
    tone: (show) => (show.cancelledAt || free(show) === 0 ? 'quiet' : 'good'),
  },
]

function number(title: string, field: string, of: (show: Show) => number): Column<Show> {
  return {
    title,
    field,
    align: 'right',
    cell: (show) => of(show).toLocaleString('en-GB'),
    value: (show) => String(of(show)),
  }
}

function free(show: Show): number {
  return show.totalSeats - show.confirmedSeats - show.heldSeats
}

function isNarrowed({ upcoming, search }: ShowListOptions): boolean {
  return upcoming === true || search !== undefined
}
