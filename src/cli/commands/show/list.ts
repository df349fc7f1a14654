import type { Show, ShowFilter } from '../../../client/api.js'
import { showJson } from '../../../client/json.js'
import { invalidInput } from '../../../shared/errors.js'
import { formatNumber } from '../../../shared/numbers.js'
import type { Column } from '../../../terminal/render/table.js'
import type { Handler } from '../../context.js'
import { isForPeople, type ListingOptions, writePagedList } from '../../paged-list.js'
import { whenOf } from './text.js'

export interface ShowListOptions extends ListingOptions {
  upcoming?: boolean
  past?: boolean
  search?: string
}

/**
 * `tickets show list`: shows by start time. People see the upcoming shows first, the next one at
 * the top, and then the past ones, the latest first.
 */
export const run: Handler<ShowListOptions> = async ({ output, tickets }, options) => {
  const { upcoming, past, search } = options
  if (upcoming && past) {
    throw invalidInput(
      '--upcoming and --past cannot be used together. Give one, or neither to list all shows.',
    )
  }
  const kinds = kindsOf(options, isForPeople(output, options))
  await writePagedList(output, options, {
    columns,
    toJson: showJson,
    ifEmpty: isNarrowed(options)
      ? 'No show matches.'
      : 'There are no shows yet. Create one: tickets show create',
    more: (count) =>
      `Showing the first ${count} shows. Use --all to list all of them, or narrow the list with --search, --upcoming or --past.`,
    ...(kinds.length > 1 && {
      sectionOf: (show: Show) => (show.hasStarted ? 'Past shows, the latest first' : undefined),
    }),
    rows: async function* (limit = Number.POSITIVE_INFINITY) {
      let left = limit
      let first: Show | undefined
      for (const kind of kinds) {
        const filter = { ...kind, search }
        for await (const show of tickets.listShows({ ...filter, limit: left })) {
          // This show started while the upcoming ones were listed.
          if (kind.past && first !== undefined && show.startTime >= first.startTime) continue
          if (kind.upcoming) first ??= show
          left -= 1
          yield show
        }
      }
    },
  })
}

/** The kinds of shows to list, one after the other. */
function kindsOf({ upcoming, past }: ShowListOptions, isForPeople: boolean): ShowFilter[] {
  const begun = { past: true, latestFirst: isForPeople }
  if (upcoming) return [{ upcoming }]
  if (past) return [begun]
  return isForPeople ? [{ upcoming: true }, begun] : [{}]
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
    // Wide enough for the minute, and for the sign that the zone is cut.
    minWidth: 17,
  },
  { ...number('SEATS', 'total_seats', (show) => show.totalSeats), optional: true },
  { ...number('SOLD', 'confirmed_seats_count', (show) => show.confirmedSeats), optional: true },
  { ...number('HELD', 'held_seats_count', (show) => show.heldSeats), optional: true },
  {
    ...number('FREE', 'available_seats', (show) => show.availableSeats),
    cell: (show) =>
      show.cancelledAt
        ? 'cancelled'
        : show.availableSeats === 0
          ? 'sold out'
          : `${show.availableSeats}`,
    tone: (show) => (show.cancelledAt || show.availableSeats === 0 ? 'quiet' : 'good'),
  },
  {
    title: 'CANCELLED',
    field: 'cancelled_at',
    cell: (show) => show.cancelledAt?.toISOString() ?? '',
    isData: true,
  },
]

function number(title: string, field: string, of: (show: Show) => number): Column<Show> {
  return {
    title,
    field,
    align: 'right',
    cell: (show) => formatNumber(of(show)),
    value: (show) => String(of(show)),
  }
}

function isNarrowed({ upcoming, past, search }: ShowListOptions): boolean {
  return upcoming === true || past === true || search !== undefined
}
