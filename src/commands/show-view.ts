import { showDetailsJson } from '../core/json.js'
import type { ShowDetails } from '../core/shows.js'
import { type Paper, paperOf } from '../terminal/paper.js'
import { renderSeatMap } from '../terminal/seat-map.js'
import { renderShowCard } from '../terminal/show-card.js'
import type { Handler } from './context.js'
import { showFacts } from './show-text.js'

export interface ShowViewOptions {
  history?: boolean
  watch?: boolean
}

/** `tickets show view SHOW`: details and the seat map. */
export const run: Handler<ShowViewOptions, [string]> = async (context, options, name) => {
  const { output, tickets } = context
  if (options.watch) {
    const { watch } = await import('./show-watch.js')
    return watch(context, name)
  }
  if (options.history) {
    const { writeHistory } = await import('./history.js')
    const show = await tickets.findShow(name)
    return writeHistory(context, { show: show.id }, show)
  }
  const show = await tickets.viewShow(name)
  if (output.json) await output.document(showDetailsJson(show))
  else await output.write(renderShow(show, paperOf(output)))
}

/** A show's card and, below it, its house. */
export function renderShow(show: ShowDetails, paper: Paper): string {
  return `${renderShowCard(showFacts(show), paper)}\n${renderHouse(show, paper)}`
}

/** The seat map of a house as it stands. */
export function renderHouse(house: ShowDetails, paper: Paper): string {
  const { booked, held } = house
  return renderSeatMap(
    {
      layout: house,
      stateOf: (seat) => (booked.has(seat) ? 'booked' : held.has(seat) ? 'held' : 'free'),
    },
    paper,
  )
}
