import type { Show, ShowFilter } from '../core/shows.js'
import type { Tickets } from '../index.js'
import type { ShowChoice } from '../terminal/prompts.js'
import { whenOf } from './show-text.js'

/** So many shows of each kind are offered; typing narrows them down. */
const LIMIT = 50

/**
 * The shows to choose from when somebody books, for what was typed so far: those to come, the next
 * one first, and then those that have begun. Cancelled shows are left out.
 */
export async function showChoices(
  tickets: Tickets,
  term: string | undefined,
): Promise<ShowChoice<Show>[]> {
  const filter: ShowFilter = { limit: LIMIT, ...(term?.trim() && { search: term }) }
  const shows = new Map<string, Show>()
  for (const upcoming of [true, false]) {
    for await (const show of tickets.listShows({ ...filter, upcoming })) shows.set(show.id, show)
  }
  return [...shows.values()]
    .filter((show) => show.cancelledAt === null)
    .map((show) => ({ value: show, name: show.name, details: `${whenOf(show)}, ${left(show)}` }))
}

function left({ totalSeats, confirmedSeats, heldSeats }: Show): string {
  const free = totalSeats - confirmedSeats - heldSeats
  return free === 0 ? 'sold out' : `${free.toLocaleString('en-GB')} free`
}
