import type { BookingFilter, BookingStatus, ListedBooking } from '../../../client/api.js'
import { listedBookingJson } from '../../../client/json.js'
import { formatLabels, parseSeats } from '../../../house/seats.js'
import { invalidInput } from '../../../shared/errors.js'
import { formatMinute } from '../../../shared/time/format-time.js'
import { parseStartTime, parseTimeZone, systemTimeZone } from '../../../shared/time/start-time.js'
import type { Tone } from '../../../terminal/render/style.js'
import type { Column } from '../../../terminal/render/table.js'
import type { Context, Handler } from '../../context.js'
import { ifNamed, namedShow } from '../../named-show.js'
import { isForPeople, type ListingOptions, writePagedList } from '../../paged-list.js'

export interface BookingListOptions extends ListingOptions {
  date?: string
  customer?: string
  status?: string
  seat?: string
  since?: string
  until?: string
  timeZone?: string
  sort?: 'time' | 'newest' | 'customer'
}

/**
 * `tickets booking list [SHOW]`: for people the newest first, for programs in the order in which
 * they were made; with --sort customer, the door list.
 */
export const run: Handler<BookingListOptions, [string | undefined]> = async (
  context,
  options,
  show,
) => {
  const { output, tickets } = context
  const filter = await filterOf(context, options, show)
  await writePagedList(output, options, {
    columns: show === undefined ? columns : columns.map(besideOneShow),
    toJson: listedBookingJson,
    ifEmpty: 'No booking matches.',
    more: (count) => {
      const which = filter.sort === 'newest' ? 'latest' : 'first'
      return `Showing the ${which} ${count} bookings. Use --all to list all of them, or narrow the list with --customer or --since.`
    },
    rows: (limit) => tickets.listBookings({ ...filter, limit }),
  })
}

async function filterOf(
  context: Context,
  options: BookingListOptions,
  name: string | undefined,
): Promise<BookingFilter> {
  const { date, customer, status, seat } = options
  const sort = options.sort ?? (isForPeople(context.output, options) ? 'newest' : 'time')
  if (seat !== undefined && name === undefined) {
    throw invalidInput('--seat requires a show.')
  }
  const named = ifNamed({ name, date })
  const show = named && (await namedShow(context, named))
  return {
    ...(show !== undefined && { show: show.id }),
    customer,
    ...(status !== undefined && { status: status.toUpperCase() as BookingStatus }),
    ...(seat !== undefined && { seat: oneSeat(seat, show!) }),
    ...timesOf(options, context.output.io.env),
    sort,
  }
}

type Env = Context['output']['io']['env']

/** A local time is in the zone of --time-zone, else in the system's. */
function timesOf({ since, until, timeZone }: BookingListOptions, env: Env) {
  const zone = timeZone === undefined ? undefined : parseTimeZone(timeZone)
  const timeOf = (text: string) => parseStartTime(text, zone ?? systemTimeZone(env))
  return {
    ...(since !== undefined && { since: timeOf(since) }),
    ...(until !== undefined && { until: timeOf(until) }),
  }
}

/** The number of the one seat that a spec names. Throws INVALID_INPUT, NO_SUCH_SEAT. */
export function oneSeat(spec: string, layout: Parameters<typeof parseSeats>[1]): number {
  const [seat, ...others] = parseSeats(spec, layout)
  if (others.length === 0) return seat!
  throw invalidInput('--seat names one seat, such as 12 or B3.')
}

/** A table of one show does not repeat the show on every line. */
function besideOneShow(column: Column<ListedBooking>): Column<ListedBooking> {
  return column.field === 'show_name' ? { ...column, isData: true } : column
}

const tones: Partial<Record<BookingStatus, Tone>> = {
  CONFIRMED: 'good',
  HELD: 'warning',
  CANCELLED: 'quiet',
  FAILED: 'bad',
}

const columns: Column<ListedBooking>[] = [
  { title: 'REFERENCE', field: 'reference', cell: ({ reference }) => reference },
  {
    title: 'STATUS',
    field: 'status',
    cell: ({ status, hasExpired }) => (hasExpired ? 'expired' : status.toLowerCase()),
    value: ({ status }) => status,
    tone: ({ status, hasExpired }) => (hasExpired ? 'quiet' : tones[status]),
  },
  {
    title: 'CUSTOMER',
    field: 'customer',
    cell: ({ customer }) => customer ?? '',
    weight: 1,
    minWidth: 14,
  },
  {
    title: 'SEATS',
    field: 'seats',
    cell: ({ seats, seatLabels }) => formatLabels(seats, seatLabels),
    value: ({ seatLabels }) => seatLabels.join(', '),
    weight: 0.5,
    minWidth: 13,
  },
  {
    title: 'IN',
    field: 'admitted_seats_count',
    align: 'right',
    cell: ({ admittedSeats, seats }) =>
      admittedSeats.length === 0 ? '' : `${admittedSeats.length}/${seats.length}`,
    value: ({ admittedSeats }) => String(admittedSeats.length),
    optional: true,
  },
  {
    title: 'SHOW',
    field: 'show_name',
    cell: ({ showName }) => showName,
    weight: 1,
    minWidth: 8,
    optional: true,
  },
  { title: 'NOTE', field: 'note', cell: ({ note }) => note ?? '', weight: 1, optional: true },
  {
    // In the show's time zone, as the show's own time is.
    title: 'MADE',
    field: 'createdAt',
    cell: ({ createdAt, timeZone }) => formatMinute(createdAt, timeZone),
    value: ({ createdAt }) => createdAt.toISOString(),
    optional: true,
  },
  {
    title: 'ID',
    field: 'id',
    cell: ({ id }) => id,
    isData: true,
  },
  {
    title: 'EXPIRED',
    field: 'expired',
    cell: ({ hasExpired }) => (hasExpired ? 'true' : ''),
    isData: true,
  },
  // In a table, the labels of the seats name it.
  { title: 'SECTION', field: 'section', cell: ({ section }) => section ?? '', isData: true },
]
