import type { Show } from '../client/api.js'
import { hasCode, invalidInput } from '../shared/errors.js'
import type { Context } from './context.js'

/** A show as the command line names it. */
export interface NamedShow {
  /** SHOW: an id, the beginning of one, or a name. */
  name: string
  /** --date, if several shows have the name. */
  date?: string | undefined
}

/** A show that the command line may leave out. */
export type PerhapsNamedShow = Omit<NamedShow, 'name'> & { name?: string | undefined }

type Asker = Pick<Context, 'asking' | 'output' | 'tickets'>

/**
 * Finds the show that the command line names. If several have the name, asks on a terminal for the
 * date.
 *
 * Throws SHOW_NOT_FOUND, INVALID_INPUT for a text that is not a date, INTERRUPTED at Ctrl-C, and
 * without a terminal, AMBIGUOUS_ID.
 */
export async function namedShow(
  { asking, output, tickets }: Asker,
  { name, date }: NamedShow,
): Promise<Show> {
  try {
    return await tickets.findShow(name, { date })
  } catch (error) {
    if (!hasCode(error, 'AMBIGUOUS_ID') || !output.canPrompt) throw error
  }
  const [{ askShow }, { dateQuestion }] = await Promise.all([
    import('../terminal/prompts/prompts.js'),
    import('./commands/show/choices.js'),
  ])
  const shows = await tickets.findShows(name, { date })
  return askShow(asking, dateQuestion(shows))
}

/**
 * What to pass to the client for the show: its id, or the name itself if there is no date and no
 * terminal to ask on. The client then looks the name up, unless it is a whole id.
 */
export async function idOrName(context: Asker, named: NamedShow): Promise<string> {
  if (named.date === undefined && !context.output.canPrompt) return named.name
  return (await namedShow(context, named)).id
}

/** Returns undefined if no show is named. Throws INVALID_INPUT for a date without a name. */
export function ifNamed({ name, date }: PerhapsNamedShow): NamedShow | undefined {
  if (name !== undefined) return { name, date }
  if (date === undefined) return undefined
  throw invalidInput('--date chooses among shows with the same name. Give the show as well.')
}
