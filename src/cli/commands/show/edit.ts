import type { Show, ShowEdit } from '../../../client/api.js'
import { MAX_SEATS } from '../../../house/seats.js'
import { leastSize } from '../../../house/show-size.js'
import { checkText } from '../../../shared/text-input.js'
import { parseStartTime, parseTimeZone } from '../../../shared/time/start-time.js'
import { startWarnings } from '../../../shared/warnings.js'
import { type Context, type Handler, inputRequired, parseCount } from '../../context.js'
import { namedShow } from '../../named-show.js'
import { planTextOf } from '../../plan-file.js'
import { announceShow } from './announce.js'
import { whenOf } from './text.js'

export interface ShowEditOptions {
  date?: string
  name?: string
  startTime?: string
  timeZone?: string
  totalSeats?: string
  plan?: string
}

/** `tickets show edit SHOW`: changes what the options say; without options, asks on a terminal. */
export const run: Handler<ShowEditOptions, [string]> = async (
  context,
  { date, ...options },
  name,
) => {
  const { output, tickets } = context
  const hasFlags = Object.keys(options).length > 0
  if (!hasFlags && !output.canPrompt) {
    throw inputRequired('--name, --start-time, --time-zone, --total-seats or --plan')
  }
  const show = await namedShow(context, { name, date })
  const edit = hasFlags ? await editOf(context, options, show) : await askEdit(context, show)
  const edited = await tickets.editShow(show.id, edit)
  const warned = edit.startTime === undefined ? {} : startWarnings(edited)
  await announceShow(output, edited, warned)
}

/** A local start time is in the time zone that the show will have. */
async function editOf(
  context: Context,
  { name, startTime, timeZone, totalSeats, plan }: ShowEditOptions,
  show: Show,
): Promise<ShowEdit> {
  const zone = timeZone === undefined ? undefined : parseTimeZone(timeZone)
  return {
    name,
    timeZone: zone,
    ...(startTime !== undefined && { startTime: parseStartTime(startTime, zone ?? show.timeZone) }),
    ...(totalSeats !== undefined && { totalSeats: parseCount('--total-seats', totalSeats) }),
    ...(plan !== undefined && { plan: await planTextOf(context, plan) }),
  }
}

async function askEdit({ asking, tickets }: Context, show: Show): Promise<ShowEdit> {
  const { askNumber, askText } = await import('../../../terminal/prompts/prompts.js')
  const name = await askText(asking, {
    message: 'Name of the show?',
    default: show.name,
    check: (text) => checkText('name of the show', text, 200),
  })
  const startTime = await askText(asking, {
    message: 'When does it start?',
    hint: `${show.timeZone}; Enter: ${whenOf(show)}`,
    check: (text) => text === '' || parseStartTime(text, show.timeZone),
  })
  const rest = {
    name,
    ...(startTime !== '' && { startTime: parseStartTime(startTime, show.timeZone) }),
  }
  // The size of a house with a plan is that of its plan, which is a file.
  if (show.plan) return rest
  const { seats: min, reason } = leastSize(await tickets.viewShow(show.id))
  const totalSeats = await askNumber(asking, {
    message: 'How many seats?',
    default: show.totalSeats,
    min,
    max: MAX_SEATS,
    reason,
  })
  return { ...rest, totalSeats }
}
