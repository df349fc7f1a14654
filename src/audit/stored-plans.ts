import { createHash } from 'node:crypto'
import type { SeatPlan } from '../house/plan/seat-plan.js'
import { remember } from '../shared/remember.js'
import { parseStored, selectPlans } from '../shows/plans.js'
import type { Snapshot } from './snapshot-rows.js'

/** A show's plan, null if it has none, or what is wrong with it: 'is missing'. */
export type AuditedPlan = SeatPlan | null | string

/** Reads the plans of a snapshot from the database, even if this process knows them already. */
export function storedPlans({ trx }: Snapshot): (id: string | null) => Promise<AuditedPlan> {
  return remember(100, async (id) => {
    if (id === null) return null
    const row = (await selectPlans(trx, [id])).get(id)
    const plan = await parseStored(row)
    const hash = row && createHash('sha256').update(row.document).digest('hex')
    return typeof plan !== 'string' && hash !== id ? 'does not match its id' : plan
  })
}
