import type { ShowDetails } from '../../../client/api.js'
import { showDetailsJson } from '../../../client/json.js'
import { renderSeatMap } from '../../../terminal/render/seat-map.js'
import { renderShowCard } from '../../../terminal/render/show-card.js'
import { type RenderStyle, styleOf } from '../../../terminal/render/style.js'
import { seatGridFor } from '../../../terminal/seat-picker/seat-grid.js'
import type { Handler } from '../../context.js'
import { namedShow } from '../../named-show.js'
import { PAGE_LENGTH } from '../../paged-list.js'
import { showFacts } from './text.js'

export interface ShowViewOptions {
  date?: string
  history?: boolean
  watch?: boolean
}

/** `tickets show view SHOW`: details and the seat map. */
export const run: Handler<ShowViewOptions, [string]> = async (context, options, name) => {
  const { output, tickets } = context
  const named = await namedShow(context, { name, date: options.date })
  if (options.watch) {
    const { watch } = await import('./watch.js')
    return watch(context, named.id)
  }
  if (options.history) {
    const { writeHistory } = await import('../history/history.js')
    return writeHistory(context, { show: named.id }, named)
  }
  const show = await tickets.viewShow(named.id)
  if (output.json) return output.document(showDetailsJson(show))
  const style = styleOf(output)
  const lines = seatGridFor(show, style.columns).lineCount
  const isCut = output.isTerminal && lines > PAGE_LENGTH
  await output.write(
    `${renderShowCard(showFacts(show), style)}\n${renderHouse(show, style, { mostLines: isCut ? PAGE_LENGTH : undefined })}`,
  )
  if (isCut) {
    output.hint(
      `The first ${PAGE_LENGTH} of ${lines.toLocaleString('en-GB')} lines of seats. --watch scrolls through them all; a pipe gets them all: | less`,
    )
  }
}

/** The seat map of a house, or of one of its sections, with at most `mostLines` lines of seats. */
export function renderHouse(
  house: ShowDetails,
  style: RenderStyle,
  { mostLines, section }: { mostLines?: number | undefined; section?: number | undefined } = {},
): string {
  const { booked, held } = house
  return renderSeatMap(
    {
      layout: house,
      section,
      stateOf: (seat) => (booked.has(seat) ? 'booked' : held.has(seat) ? 'held' : 'free'),
    },
    style,
    mostLines,
  )
}
