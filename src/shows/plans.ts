import type { Knex } from 'knex'
import { query } from '../database/sql.js'
import type { PlanFault } from '../house/plan/plan-reading.js'
import { SeatPlan } from '../house/plan/seat-plan.js'
import type { SeatLayout } from '../house/seats.js'
import { invalidInput, TicketsError } from '../shared/errors.js'

/** The column of a show's row that names its plan. */
export interface PlannedRow {
  plan_id: string | null
}

/** The plan of a row; null if its house has none. */
export interface WithPlan {
  plan: SeatPlan | null
}

/** The columns of a show's row that make its layout. */
export interface LayoutRow extends PlannedRow {
  total_seats: number
  seats_per_row: number | null
}

export const LAYOUT_COLUMNS = ['total_seats', 'seats_per_row', 'plan_id'] as const

export function layoutOf(row: LayoutRow & WithPlan): SeatLayout {
  return {
    totalSeats: row.total_seats,
    seatsPerRow: row.seats_per_row,
    plan: row.plan,
  }
}

/** A row of the table `plans`. */
export interface PlanRow {
  id: string
  /** The plan's text. */
  document: string
  total_seats: number
}

/**
 * Plans that this process has read. They never change, and their id is the hash of their text, so
 * it means the same plan in every database.
 */
const known = new Map<string, SeatPlan>()
let knownSeats = 0
const MOST_KNOWN = 100
/** Some 64 MB: about 64 bytes for each seat. */
const MOST_KNOWN_SEATS = 1_000_000

/** Adds the plan to a row. Throws WRONG_STATE if it cannot be read. */
export async function withPlan<Row extends PlannedRow>(
  knex: Knex,
  row: Row,
): Promise<Row & WithPlan> {
  const [planned] = await withPlans(knex, [row])
  return planned!
}

/**
 * Adds the plans to rows, and reads those that this process does not know with one statement.
 * Throws WRONG_STATE for a plan that cannot be read.
 */
export async function withPlans<Row extends PlannedRow>(
  knex: Knex,
  rows: readonly Row[],
): Promise<(Row & WithPlan)[]> {
  const plans = new Map<string, SeatPlan>()
  const unknown = new Set<string>()
  for (const { plan_id } of rows) {
    if (plan_id === null) continue
    const plan = known.get(plan_id)
    if (plan === undefined) unknown.add(plan_id)
    else plans.set(plan_id, plan)
  }
  if (unknown.size > 0) await readPlans(knex, unknown, plans)
  return rows.map((row) => {
    const { plan_id: id } = row
    return Object.assign(row, { plan: id === null ? null : plans.get(id)! })
  })
}

/** Reads plans into `plans`. */
async function readPlans(knex: Knex, ids: Set<string>, plans: Map<string, SeatPlan>) {
  const found = await selectPlans(knex, [...ids])
  for (const id of ids) {
    const plan = await parseStored(found.get(id))
    if (typeof plan === 'string') throw unusable(plan)
    plans.set(id, plan)
    if (known.size >= MOST_KNOWN || knownSeats + plan.totalSeats > MOST_KNOWN_SEATS) {
      known.clear()
      knownSeats = 0
    }
    known.set(id, plan)
    knownSeats += plan.totalSeats
  }
}

/** Reads rows of the table `plans`, by their ids. */
export async function selectPlans(knex: Knex, ids: string[]): Promise<Map<string, PlanRow>> {
  const rows = await query<PlanRow>(
    knex,
    'select id, document, total_seats from plans where id = any(?::text[])',
    [ids],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** Returns the plan, or what is wrong with it: 'is missing'. */
export async function parseStored(row: PlanRow | undefined): Promise<SeatPlan | string> {
  if (row === undefined) return 'is missing'
  const { readPlanText } = await import('../house/plan/plan-text.js')
  const { outline, faults } = readPlanText(row.document)
  if (outline === undefined) return `cannot be read: ${formatFault(faults[0]!)}`
  const plan = new SeatPlan(outline, row.id)
  if (plan.totalSeats === row.total_seats) return plan
  return `has ${plan.totalSeats} seats, not ${row.total_seats}`
}

/** A plan to store, with its row. */
export interface NewPlan {
  plan: SeatPlan
  row: PlanRow
}

/** Reads the text of a plan that is to be stored. Throws INVALID_INPUT with its first mistake. */
export async function parsePlan(text: string): Promise<NewPlan> {
  const { planId, readPlanText, writePlanText } = await import('../house/plan/plan-text.js')
  const { outline, faults } = readPlanText(text)
  if (outline === undefined) {
    const others = faults.length - 1
    const sum = others === 1 ? 'is 1 more mistake' : `are ${others} more mistakes`
    const more = others === 0 ? '' : ` There ${sum}.`
    throw invalidInput(
      `The plan has a mistake: ${formatFault(faults[0]!)}${more} \`tickets plan check\` reports every mistake.`,
    )
  }
  const document = writePlanText(outline)
  const id = planId(document)
  const plan = new SeatPlan(outline, id)
  return { plan, row: { id, document, total_seats: plan.totalSeats } }
}

function formatFault({ line, column, path, message }: PlanFault): string {
  const position = path ?? `line ${line}${column === undefined ? '' : `, column ${column}`}`
  return `${position}: ${message}`
}

/** Stores a plan, unless it is stored already. Throws WRONG_STATE if that row has another size. */
export async function storePlan(trx: Knex.Transaction, { row }: NewPlan): Promise<void> {
  await trx('plans').insert(row).onConflict('id').ignore()
  const stored = (await selectPlans(trx, [row.id])).get(row.id)
  if (stored === undefined || stored.total_seats === row.total_seats) return
  throw new TicketsError(
    'WRONG_STATE',
    `The plan has ${row.total_seats} seats, but the database has it with ${stored.total_seats}: another program wrote this row. Nothing was changed. Remove the row with id ${row.id} from the table plans.`,
  )
}

function unusable(what: string): TicketsError {
  return new TicketsError(
    'WRONG_STATE',
    `The plan of the house cannot be used: it ${what}. \`tickets verify\` names the shows.`,
  )
}
