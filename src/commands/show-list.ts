import { showJson } from '../core/json.js'
import type { Show } from '../core/shows.js'
import type { Column } from '../terminal/list.js'
import type { Handler } from './context.js'
import { type ListingOptions, writeScreenful } from './screenful.js'
import { whenOf } from './show-text.js'

export interface ShowListOptions extends ListingOptions {
  upcoming?: boolean
  search?: string
}

/** `tickets show list`. */
export const run: Handler<ShowListOptions> = async ({ output, tickets }, options) => {
  const { upcoming, search } = options
  await writeScreenful(output, options, {
    columns,
    toJson: showJson,
    ifEmpty: isNarrowed(options)
      ? 'No show matches.'
      : 'There are no shows yet. Create one: tickets show create',
    more: '--all shows them all, --search narrows them down.',
    rows: (limit) =>
      tickets.listShows({
        ...(upcoming && { upcoming }),
        ...(search !== undefined && { search }),
        ...(limit !== undefined && { limit }),
      }),
  })
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
    // The minute, and that the zone is cut.
    minWidth: 17,
  },
  { ...number('SEATS', 'total_seats', (show) => show.totalSeats), optional: true },
  { ...number('SOLD', 'confirmed_seats_count', (show) => show.confirmedSeats), optional: true },
  { ...number('HELD', 'held_seats_count', (show) => show.heldSeats), optional: true },
  {
    ...number('FREE', 'available_seats', free),
    cell: (show) =>
      show.cancelledAt ? 'cancelled' : free(show) === 0 ? 'sold out' : `${free(show)}`,
    tone: (show) => (show.cancelledAt || free(show) === 0 ? 'quiet' : 'good'),
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
