import { showDetailsJson } from '../../../client/json.js'
import { sectionNamed } from '../../../house/rows.js'
import { invalidInput } from '../../../shared/errors.js'
import { formatNumber } from '../../../shared/numbers.js'
import { seatGridFor } from '../../../terminal/seat-map/seat-grid.js'
import { renderSeatMap } from '../../../terminal/seat-map/seat-map.js'
import type { Handler } from '../../context.js'
import { namedShow } from '../../named-show.js'
import { PAGE_LENGTH } from '../../paged-list.js'
import { renderShowCard } from './card.js'

export interface ShowViewOptions {
  date?: string
  history?: boolean
  section?: string
  watch?: boolean
}

/** `tickets show view SHOW`: details and the seat map, or one section of it. */
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
  const section = options.section === undefined ? undefined : sectionNamed(options.section, show)
  if (output.json && section !== undefined) {
    throw invalidInput('--section and --json cannot be used together: JSON has no map.')
  }
  if (output.json) return output.document(showDetailsJson(show))
  const { style } = output
  const lines = seatGridFor(show, style.columns, section).lineCount
  const isCut = output.isTerminal && lines > PAGE_LENGTH
  const map = renderSeatMap(show, style, { section, mostLines: isCut ? PAGE_LENGTH : undefined })
  await output.write(`${renderShowCard(show, style)}\n${map}`)
  if (isCut) {
    const one =
      show.plan?.hasSections && section === undefined ? '--section draws one section; ' : ''
    output.hint(
      `Showing the first ${PAGE_LENGTH} of ${formatNumber(lines)} lines of seats. ${one}--watch scrolls through all of them; a pipe gets them all: | less`,
    )
  }
}
