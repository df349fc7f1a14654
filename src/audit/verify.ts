import type { Knex } from 'knex'
import { formatReference } from '../booking/references.js'
import type { Database } from '../database/knex-pool.js'
import { type BrokenGuard, findBrokenGuards } from '../database/schema/guards.js'
import { findLateSequences, type LateSequence } from '../database/schema/sequences.js'
import { inSnapshot } from '../database/transaction.js'
import { quote } from '../shared/quote.js'
import { showNotFound } from '../shows/shows.js'
import { checkAnswers } from './answers.js'
import { HouseAudit } from './house-audit.js'
import {
  type AuditedPlan,
  countRows,
  readEvidence,
  readShows,
  readStrayAdmissions,
  type Snapshot,
  type StrayAdmission,
  storedPlans,
  takeSnapshot,
  unusedPlans,
} from './snapshot-rows.js'
import {
  MAX_NAMED,
  nameBookings,
  nameSeats,
  Sample,
  sampleOf,
  type Violation,
} from './violations.js'

export interface VerifyOptions {
  /** The id of the only show to verify. */
  show?: string | undefined
  /**
   * A file of answers that clients received, one JSON document a line, as `book --json` prints
   * them. Each booking that they report must be in the database.
   */
  against?: AsyncIterable<Uint8Array> | undefined
  /** Called with the number of shows and bookings done, and their total. */
  onProgress?: ((done: number, of: number) => void) | undefined
  /** When aborted, the work throws INTERRUPTED. */
  signal?: AbortSignal | undefined
}

/** The result of a verification. */
export interface VerifyReport {
  ok: boolean
  /** How many shows were verified. */
  shows: number
  /** The number of bookings in any status. */
  bookings: number
  /** With `against`: the number of answers that reported a booking as sold or held. */
  answers?: number
  /** The first thousand violations. */
  violations: Violation[]
  /** How many more violations there are. */
  unlisted: number
}

/**
 * Proves that nothing is oversold or lost: reads every show and every booking in one snapshot, page
 * by page, in constant memory, and blocks no booking. Reports all damage as violations; see
 * `ViolationCode`.
 *
 * Throws SHOW_NOT_FOUND if the show does not exist, INVALID_INPUT for a line of `against` that is
 * not an answer, INTERRUPTED and the database's own errors.
 */
export async function verifyShows(
  db: Database,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const { show, against, signal } = options
  const begun: VerifyReport = { ok: true, shows: 0, bookings: 0, violations: [], unlisted: 0 }
  // Outside the transaction, which may run again: the answers can be read only once.
  if (against) {
    const onViolation = (violation: Violation) => addViolation(begun, violation)
    begun.answers = await checkAnswers(db, against, { show, signal, onViolation })
  }
  const { waitMs } = db
  return inSnapshot(db, (trx) => verifySnapshot(trx, options, begun), { waitMs, signal })
}

async function verifySnapshot(
  trx: Knex.Transaction,
  { show, onProgress, signal }: VerifyOptions,
  begun: VerifyReport,
): Promise<VerifyReport> {
  const snapshot = await takeSnapshot(trx, show)
  const total = onProgress ? await countRows(snapshot) : 0
  const report = { ...begun, violations: [...begun.violations] }
  await walk(snapshot, report, () => {
    signal?.throwIfAborted()
    onProgress?.(report.shows + report.bookings, total)
  })
  if (show !== undefined && report.shows === 0) throw showNotFound(show)
  const planOf = storedPlans(snapshot)
  for await (const stray of readStrayAdmissions(snapshot)) {
    signal?.throwIfAborted()
    addViolation(report, strayAdmission(stray, await planOf(stray.plan_id)))
  }
  for (const id of show === undefined ? await unusedPlans(snapshot) : []) {
    signal?.throwIfAborted()
    const plan = await planOf(id)
    if (typeof plan === 'string') addViolation(report, unusedPlanDamaged(id, plan))
  }
  for (const guard of await findBrokenGuards(trx)) addViolation(report, schemaDamaged(guard))
  for (const late of await findLateSequences(trx)) addViolation(report, sequenceBehind(late))
  return report
}

/** Reads the shows and the bookings in parallel, both ordered by the shows' ids. */
async function walk(snapshot: Snapshot, report: VerifyReport, onStep: () => void): Promise<void> {
  const onViolation = (violation: Violation) => addViolation(report, violation)
  const shows = readShows(snapshot)
  const planOf = storedPlans(snapshot)
  const nextHouse = async () => {
    onStep()
    const { value: show } = await shows.next()
    if (show === undefined) return undefined
    report.shows++
    return new HouseAudit(show, await planOf(show.plan_id), onViolation)
  }
  let house = await nextHouse()
  let missing: MissingShow | undefined
  for await (const page of readEvidence(snapshot)) {
    for (const booking of page) {
      report.bookings++
      while (house !== undefined && house.showId < booking.show_id) {
        house.finish()
        house = await nextHouse()
      }
      if (house?.showId === booking.show_id) {
        house.add(booking)
        continue
      }
      if (missing?.showId !== booking.show_id) {
        if (missing) onViolation(showMissing(missing))
        missing = { showId: booking.show_id, bookings: new Sample() }
      }
      missing.bookings.add(booking.reference)
    }
    onStep()
  }
  if (missing) onViolation(showMissing(missing))
  for (; house !== undefined; house = await nextHouse()) house.finish()
}

function addViolation(report: VerifyReport, violation: Violation): void {
  report.ok = false
  if (report.violations.length < MAX_NAMED) report.violations.push(violation)
  else report.unlisted++
}

function strayAdmission(stray: StrayAdmission, plan: AuditedPlan): Violation {
  const { show_id: showId, reference, total_seats, seats_per_row } = stray
  const seats = sampleOf(stray.seats)
  const bookings = reference === null ? [] : [formatReference(reference)]
  const named = nameSeats(seats, {
    totalSeats: total_seats ?? 0,
    seatsPerRow: seats_per_row,
    plan: typeof plan === 'string' ? null : plan,
  })
  const owner = bookings[0] === undefined ? 'any booking' : `booking ${bookings[0]}`
  const where = `Show ${quote(stray.show_name ?? 'unknown')} (${showId.slice(0, 8)})`
  return {
    code: 'ADMITTED_WITHOUT_SEAT',
    showId,
    message: `${where}: ${named} checked in, but not confirmed to ${owner}.`,
    seats: seats.items,
    bookings,
  }
}

function unusedPlanDamaged(id: string, fault: string): Violation {
  const message = `The plan ${id}, which no show has now, ${fault}.`
  return { code: 'PLAN_DAMAGED', showId: null, message }
}

function schemaDamaged({ kind, name, table, fault }: BrokenGuard): Violation {
  const message = `The ${kind} ${name} of the table ${table} ${fault}.`
  return { code: 'SCHEMA_DAMAGED', showId: null, message }
}

function sequenceBehind({ table, last, highest }: LateSequence): Violation {
  return {
    code: 'SEQUENCE_BEHIND',
    showId: null,
    message: `The table ${table} has ids up to ${highest}, but its sequence is at ${last}, so new rows are refused. Logical replication does not copy sequences.`,
  }
}

/** A show that does not exist, and the bookings for it. */
interface MissingShow {
  showId: string
  bookings: Sample<string>
}

function showMissing({ showId, bookings }: MissingShow): Violation {
  return {
    code: 'SHOW_MISSING',
    showId,
    message: `There is no show ${showId} for ${nameBookings(bookings)}.`,
    bookings: bookings.items.map(formatReference),
  }
}
