import type { HistoryEvent, HistoryOf, Show } from '../../../client/api.js'
import { historyJson } from '../../../client/json.js'
import { invalidInput } from '../../../shared/errors.js'
import { type ListFormat, writeList } from '../../../terminal/render/list.js'
import type { Column } from '../../../terminal/render/table.js'
import { type Context, type Handler, inputRequired } from '../../context.js'
import { ifNamed, namedShow } from '../../named-show.js'
import { checkFormat } from '../../paged-list.js'
import { oneSeat } from '../booking/list.js'
import { timeOf } from '../show/text.js'
import { describeChange } from './text.js'

export interface HistoryOptions {
  show?: string
  date?: string
  seat?: string
  booking?: string
  output?: ListFormat
}

/** `tickets history`: what happened to a show, to one of its seats, or to a booking. */
export const run: Handler<HistoryOptions> = async (context, options) => {
  checkFormat(context.output, options)
  const { of, show } = await historyOf(context, options)
  await writeHistory(context, of, show, options.output)
}

/** Lists events as they are read, in constant memory, with times in the show's time zone. */
export async function writeHistory(
  { output, tickets }: Context,
  of: HistoryOf,
  show: Show,
  format?: ListFormat,
): Promise<void> {
  await writeList(
    output,
    {
      format,
      columns: columnsFor(show),
      toJson: historyJson,
      ifEmpty: 'Nothing has happened there.',
    },
    tickets.listHistory(of),
  )
}

async function historyOf(context: Context, { show: name, date, seat, booking }: HistoryOptions) {
  const { tickets } = context
  if (booking !== undefined) {
    if (name !== undefined || seat !== undefined) {
      throw invalidInput('Give --booking, or --show with or without --seat.')
    }
    ifNamed({ date })
    const found = await tickets.findBooking(booking)
    return { of: { booking: found.id }, show: await tickets.findShow(found.showId) }
  }
  if (name === undefined) throw inputRequired('--show')
  const show = await namedShow(context, { name, date })
  const of = { show: show.id, ...(seat !== undefined && { seat: oneSeat(seat, show) }) }
  return { of, show }
}

function columnsFor(show: Show): Column<HistoryEvent>[] {
  return [
    {
      title: 'WHEN',
      field: 'at',
      cell: ({ at }) => timeOf(at, show),
      value: ({ at }) => at.toISOString(),
    },
    { title: 'EVENT', field: 'action', cell: ({ action }) => action },
    { title: 'BOOKING', field: 'reference', cell: ({ reference }) => reference ?? '' },
    {
      title: 'WHAT',
      field: 'what',
      cell: (event) => describeChange(event, show),
      weight: 1,
      minWidth: 12,
    },
    by('WHO', 'operator'),
    by('COMMAND', 'command'),
    by('LOGIN', 'login'),
  ]
}

/** Who or what made the change. */
function by(title: string, field: 'operator' | 'command' | 'login'): Column<HistoryEvent> {
  return { title, field, cell: (event) => event[field] ?? '', weight: 0.5, optional: true }
}
