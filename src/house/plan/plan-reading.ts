import type { PlanOutline, SeatRun } from './seat-plan.js'

/** What is wrong with a file of a plan, and where. */
export interface PlanFault {
  /** From 1. */
  line?: number
  /** From 1, or the name of a column of CSV. */
  column?: number | string
  /** A place in JSON, such as zones[0].rows[3].seats[5]. */
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

/** The kind that a file of another program names in words; undefined for no kind. */
export function kindNamed(words: string): SeatRun['kind'] | undefined {
  return kinds[
    words
      .trim()
      .toLowerCase()
      .replaceAll(/[\s_-]+/g, ' ')
  ]
}

const kinds: Record<string, SeatRun['kind']> = {
  '': 'standard',
  standard: 'standard',
  restricted: 'restricted',
  'restricted view': 'restricted',
  wheelchair: 'wheelchair',
  companion: 'companion',
  'not for sale': 'not for sale',
}
