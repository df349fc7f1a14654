import type { Show, ShowFilter, Tickets } from '../../../client/api.js'
import { foldText } from '../../../shared/fold-text.js'
import { formatNumber } from '../../../shared/numbers.js'
import type { Choice, ShowQuestion } from '../../../terminal/prompts/prompts.js'
import { whenOf } from './text.js'

/** The most shows of each kind that are offered. */
const LIMIT = 50

/**
 * The shows to choose from for a booking, narrowed by what was typed so far: first those on sale,
 * the next one at the top, then the upcoming ones that are sold out, then those that have started,
 * the latest first. Cancelled shows are left out.
 */
export async function showChoices(
  tickets: Tickets,
  term: string | undefined,
): Promise<Choice<Show>[]> {
  const search = term?.trim() ? { search: term } : {}
  const kinds: ShowFilter[] = [
    { upcoming: true, onSale: true },
    { upcoming: true },
    { past: true, latestFirst: true },
  ]
  const shows = new Map<string, Show>()
  for (const kind of kinds) {
    const filter = { ...kind, ...search, limit: LIMIT }
    for await (const show of tickets.listShows(filter)) shows.set(show.id, show)
  }
  return [...shows.values()]
    .filter((show) => show.cancelledAt === null)
    .map((show) => ({ value: show, name: show.name, details: `${whenOf(show)}, ${left(show)}` }))
}

/** The question which of several shows a name means: by date, if all have the same name. */
export function dateQuestion(shows: readonly Show[]): ShowQuestion<Show> {
  const [{ name }] = shows as [Show]
  const isSeries = shows.every((show) => show.name === name)
  const choices = shows.map((show) => ({
    value: show,
    ...(isSeries
      ? { name: whenOf(show), details: left(show) }
      : { name: show.name, details: `${whenOf(show)}, ${left(show)}` }),
  }))
  choices.sort((one, other) => Number(sells(other.value)) - Number(sells(one.value)))
  return {
    message: isSeries ? `Which date of ${name}?` : 'Which show?',
    lineHint: isSeries ? 'number or date' : 'number or name',
    search: async (term = '') =>
      choices
        .filter((choice) => foldText(`${choice.name} ${choice.details}`).includes(foldText(term)))
        .slice(0, LIMIT),
  }
}

function sells(show: Show): boolean {
  return show.cancelledAt === null && !show.hasStarted && show.availableSeats > 0
}

function left(show: Show): string {
  if (show.cancelledAt !== null) return 'cancelled'
  const free = show.availableSeats
  return free === 0 ? 'sold out' : `${formatNumber(free)} free`
}
