import type { DrawnSeat, PlanOutline } from './seat-plan.js'

/** What is wrong with a file of a plan, and where. */
export interface PlanFault {
  /** From 1. */
  line?: number
  /** From 1, or the name of a column of CSV. */
  column?: number | string
  /** A path in JSON, such as zones[0].rows[3].seats[5]. */
  path?: string
  message: string
}

/** What a file of a plan says: an outline, unless there are faults. */
export interface PlanReading {
  outline: PlanOutline | undefined
  faults: readonly PlanFault[]
  /** What the plan cannot have, and so does not take over from the file. */
  notices: readonly string[]
}

/** A file with more faults than this is hardly a plan. */
export const MOST_FAULTS = 1000
const MOST_NOTICES = 1000

/** What was read, with as many faults and notices as a person may want to see. */
export function readingOf({ outline, faults, notices }: PlanReading): PlanReading {
  const shown = faults.slice(0, MOST_FAULTS)
  if (faults.length >= MOST_FAULTS) {
    const message = 'Reading stopped here: correct these faults first.'
    shown.splice(-1, 1, { ...shown.at(-1), message })
  }
  const more = notices.length - MOST_NOTICES
  return {
    outline: faults.length > 0 ? undefined : outline,
    faults: shown,
    notices:
      more > 0 ? [...notices.slice(0, MOST_NOTICES), `There are ${more} more of these.`] : notices,
  }
}

/** The kind that a file of another program names in words; undefined for no kind. */
export function kindNamed(words: string): DrawnSeat['kind'] | undefined {
  return kinds.get(
    words
      .trim()
      .toLowerCase()
      .replaceAll(/[\s_-]+/g, ' '),
  )
}

const kinds = new Map<string, DrawnSeat['kind']>([
  ['', 'standard'],
  ['standard', 'standard'],
  ['restricted', 'restricted'],
  ['restricted view', 'restricted'],
  ['wheelchair', 'wheelchair'],
  ['companion', 'companion'],
  ['not for sale', 'not for sale'],
])
