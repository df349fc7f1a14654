import type { Knex } from 'knex'
import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { change, changeInDoubt } from '../database/transaction.js'
import { checkSize } from '../house/show-size.js'
import { invalidInput, TicketsError } from '../shared/errors.js'
import { checkText } from '../shared/text-input.js'
import { findShow } from './find-shows.js'
import {
  bookedOf,
  type HouseRow,
  heldSeats,
  IS_UNCHANGED,
  lockHouse,
  refuseIfStale,
} from './locked-house.js'
import { moveToPlan } from './move-to-plan.js'
import { layoutOf, parsePlan, storePlan } from './plans.js'
import {
  checkNewShow,
  checkTimeZone,
  IS_LIVE_HOLD,
  insertShow,
  readShow,
  type Show,
} from './shows.js'

/** The changes to a show; fields that are missing stay as they are. */
export interface ShowEdit {
  name?: string | undefined
  startTime?: Date | undefined
  timeZone?: string | undefined
  /** May grow freely; may not shrink below a sold or held seat. Not for a house with a plan. */
  totalSeats?: number | undefined
  /** The text of a new plan; it must have every sold and held seat under its label, in any place. */
  plan?: string | undefined
}

/**
 * Changes a show's name, time, time zone, size or plan. Throws SHOW_NOT_FOUND, INVALID_INPUT, and
 * SEATS_TAKEN with the sold and held seats that the new house would not have.
 */
export async function editShow(db: Database, showId: string, edit: ShowEdit): Promise<Show> {
  if (edit.startTime !== undefined && Number.isNaN(edit.startTime.getTime())) {
    throw invalidInput('The start time is not a valid time.')
  }
  const values = {
    ...(edit.name !== undefined && { name: checkText('name of the show', edit.name, 200) }),
    ...(edit.startTime !== undefined && { start_time: edit.startTime }),
    ...(edit.timeZone !== undefined && { time_zone: await checkTimeZone(edit.timeZone) }),
  }
  const plan = edit.plan === undefined ? undefined : await parsePlan(edit.plan)
  if (plan !== undefined && edit.totalSeats !== undefined) throw sizeOfPlan()
  return change(
    db,
    async (trx) => {
      const show = await lockHouse(trx, showId)
      const write = async (columns: object) => {
        const updated_at = trx.raw('clock_timestamp()')
        const written = await trx('shows')
          .where({ id: showId })
          .whereRaw(IS_UNCHANGED, [show.version])
          .update({ ...values, ...columns, updated_at })
        refuseIfStale(written)
      }
      if (plan === undefined || plan.row.id === show.plan_id) {
        await write(await resizedHouse(trx, show, edit.totalSeats))
      } else {
        await storePlan(trx, plan)
        await moveToPlan(trx, show, plan, write)
      }
      return readShow(trx, showId)
    },
    changeInDoubt(`tickets show view ${showId}`),
    { isLong: plan !== undefined },
  )
}

/** The columns that give a locked show another number of seats. Throws SEATS_TAKEN. */
async function resizedHouse(
  trx: Knex.Transaction,
  show: HouseRow,
  totalSeats: number = show.total_seats,
) {
  if (totalSeats === show.total_seats) return {}
  if (show.plan !== null) throw sizeOfPlan()
  const house = { ...layoutOf(show), booked: bookedOf(show), held: await heldSeats(trx, show.id) }
  checkSize(house, totalSeats)
  const length = (totalSeats + 7) >> 3
  const booked = show.booked_seats.subarray(0, length)
  const added = Buffer.alloc(length - booked.length)
  return { total_seats: totalSeats, booked_seats: Buffer.concat([booked, added]) }
}

function sizeOfPlan(): TicketsError {
  return invalidInput(
    'The size of a show with a plan is that of its plan. Give a plan only. Nothing was changed.',
  )
}

/** The bookings of a show that cancelling it would affect. */
export interface CancellationPreview {
  confirmedBookings: number
  confirmedSeats: number
  heldBookings: number
}

/** Counts the bookings that cancelling a show would affect; changes nothing. */
export async function previewCancellation(
  db: Database,
  showId: string,
): Promise<CancellationPreview> {
  const [row] = await withRetry(db, () =>
    query<CancellationPreview>(db.knex, COUNT_BOOKINGS, [showId]),
  )
  return row!
}

/**
 * Cancels a show, which then refuses bookings and check-ins. Its bookings keep their state, for
 * refunds. Repeatable. Proceeds only if exactly `expectBookings` bookings are sold or held, so that
 * a clerk affects no more of them than the preview showed.
 *
 * Throws SHOW_NOT_FOUND, and WRONG_STATE if the number differs.
 */
export async function cancelShow(
  db: Database,
  showId: string,
  expectBookings: number,
): Promise<Show> {
  return change(
    db,
    async (trx) => {
      const show = await lockHouse(trx, showId)
      if (show.cancelled_at !== null) return readShow(trx, showId)
      const [count] = await query<CancellationPreview>(trx, COUNT_BOOKINGS, [showId])
      const bookings = count!.confirmedBookings + count!.heldBookings
      if (bookings !== expectBookings) {
        throw new TicketsError(
          'WRONG_STATE',
          `The show has ${bookings} bookings, not ${expectBookings}. Nothing was cancelled. Look at the show again.`,
        )
      }
      await trx('shows')
        .where({ id: showId })
        .update({
          cancelled_at: trx.raw('clock_timestamp()'),
          updated_at: trx.raw('clock_timestamp()'),
        })
      return readShow(trx, showId)
    },
    changeInDoubt(`tickets show view ${showId}`),
  )
}

/**
 * Creates an empty show with another show's house, at another time. Throws SHOW_NOT_FOUND,
 * INVALID_INPUT.
 */
export async function copyShow(
  db: Database,
  showId: string,
  { startTime, name }: { startTime: Date; name?: string | undefined },
): Promise<Show> {
  const show = await findShow(db, showId)
  const facts = await checkNewShow({ name: name ?? show.name, startTime, timeZone: show.timeZone })
  return insertShow(db, facts, {
    total_seats: show.totalSeats,
    seats_per_row: show.seatsPerRow,
    plan_id: show.planId,
  })
}

const COUNT_BOOKINGS = `
  select count(*) filter (where status = 'CONFIRMED')::int as "confirmedBookings",
         coalesce(sum(cardinality(seats)) filter (where status = 'CONFIRMED'), 0)::int as "confirmedSeats",
         count(*) filter (where ${IS_LIVE_HOLD})::int as "heldBookings"
  from bookings where show_id = ?::uuid and status in ('CONFIRMED', 'HELD')`
