import { createHash } from 'node:crypto'
import type { SeatPlan } from '../house/plan/seat-plan.js'
import { parseStored, selectPlans } from '../shows/plans.js'
import type { Snapshot } from './snapshot-rows.js'

/** A show's plan, null if it has none, or what is wrong with it: 'is missing'. */
export type AuditedPlan = SeatPlan | null | string

const MOST_KNOWN = 100

/** The plans of a snapshot, read from the database even if this process knows them already. */
export class StoredPlans {
  readonly #snapshot: Snapshot
  readonly #known = new Map<string, AuditedPlan>()

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot
  }

  async planOf(id: string | null): Promise<AuditedPlan> {
    if (id === null) return null
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const plan = await this.#read(id)
    if (this.#known.size >= MOST_KNOWN) this.#known.clear()
    this.#known.set(id, plan)
    return plan
  }

  async #read(id: string): Promise<AuditedPlan> {
    const row = (await selectPlans(this.#snapshot.trx, [id])).get(id)
    const plan = await parseStored(row)
    const hash = row && createHash('sha256').update(row.document).digest('hex')
    return typeof plan !== 'string' && hash !== id ? 'does not match its id' : plan
  }
}
