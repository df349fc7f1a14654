import type { Show } from '../../../client/api.js'
import { createdShowJson } from '../../../client/json.js'
import { TicketsError } from '../../../shared/errors.js'
import { parseStartTime } from '../../../shared/time/start-time.js'
import { startWarnings } from '../../../shared/warnings.js'
import { printCommitted, printWarnings } from '../../committed.js'
import { type Context, type Handler, inputRequired } from '../../context.js'
import { namedShow } from '../../named-show.js'
import { renderShowCard } from './card.js'

export interface ShowCopyOptions {
  date?: string
  startTime?: string[]
  name?: string
}

/** `tickets show copy SHOW --start-time …`: a new show for each time, with the same house. */
export const run: Handler<ShowCopyOptions, [string]> = async (context, options, name) => {
  const { output, tickets } = context
  if (options.startTime === undefined && !output.canPrompt) throw inputRequired('--start-time')
  const original = await namedShow(context, { name, date: options.date })
  const { timeZone } = original
  // All are parsed before the first show is created, so that a typing error creates none.
  const startTimes = options.startTime
    ? options.startTime.map((text) => parseStartTime(text, timeZone))
    : [await askStart(context, timeZone)]
  const copies: Show[] = []
  for (const startTime of startTimes) {
    const copy = { startTime, name: options.name }
    copies.push(
      await tickets.copyShow(original.id, copy).catch((error) => throwAfter(copies, error)),
    )
  }
  await printCommitted(
    output,
    () => sentenceOf(copies),
    async () => {
      if (output.json) return output.document(copies.map(createdShowJson))
      const cards = copies.map((show) => renderShowCard(show, output.style))
      await output.write(cards.join('\n'))
    },
  )
  for (const show of copies) printWarnings(output, startWarnings(show))
}

/**
 * Names the shows that were created before the error: to repeat the command would create them
 * twice.
 */
function throwAfter(copies: readonly Show[], error: unknown): never {
  if (copies.length === 0 || !(error instanceof TicketsError)) throw error
  throw new TicketsError(error.code, `${sentenceOf(copies)} ${error.message}`, { cause: error })
}

function sentenceOf(copies: readonly Show[]): string {
  return `Created ${copies.map(({ id }) => id).join(', ')}.`
}

async function askStart({ asking }: Context, timeZone: string): Promise<Date> {
  const { askStartTime } = await import('./create.js')
  return askStartTime(asking, 'When does the new one start?', timeZone)
}
