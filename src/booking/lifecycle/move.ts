import type { Knex } from 'knex'
import type { Database } from '../../database/knex-pool.js'
import { change, changeInDoubt } from '../../database/transaction.js'
import { decide } from '../../house/decide.js'
import { invalidInput, TicketsError } from '../../shared/errors.js'
import { formatCount } from '../../shared/numbers.js'
import { heldSeats, houseOf, lockHouse, warningsOf, writeSales } from '../../shows/locked-house.js'
import { layoutOf } from '../../shows/plans.js'
import type { BookingOutcome } from '../booking.js'
import {
  Attempts,
  bookingUnderLock,
  findBookingRow,
  isExpired,
  type LockedBooking,
  refuseIfAdmitted,
  type SeatReader,
  type Step,
  seatReader,
  updateBooking,
  without,
  wrongState,
} from './change-booking.js'

export interface MoveOptions {
  /** The seats to move to, as many as the booking has: a spec or seat numbers. */
  to: string | readonly number[]
  /** The id of the show to move to (default: the same show). */
  toShow?: string | undefined
}

/**
 * Exchanges all seats of a sold or held booking for the same number of other seats, in one
 * transaction: the booking keeps the old seats unless it gets the new ones. The new seats may
 * include old ones. Locks shows in the order of their ids, so that two moves in opposite directions
 * cannot deadlock. Moving a booking to its own seats changes nothing (`replayed`).
 *
 * Throws BOOKING_NOT_FOUND, SHOW_NOT_FOUND, INVALID_INPUT (a different number of seats),
 * NO_SUCH_SEAT, SEATS_TAKEN, SHOW_CANCELLED, and WRONG_STATE if the booking has no seats, its hold
 * has expired, or any of its seats is checked in.
 */
export async function moveBooking(
  db: Database,
  name: string,
  options: MoveOptions,
): Promise<BookingOutcome> {
  const attempts = new Attempts()
  const readGoal = seatReader(options.to)
  return change(
    db,
    async (trx) => {
      const found = await findBookingRow(trx, name)
      const target = options.toShow ?? found.show_id
      const houses = await lockInOrder(trx, [found.show_id, target])
      const show = houses.get(found.show_id)!
      const goal = houses.get(target)!
      const row = await bookingUnderLock(trx, found.id, found.show_id)
      if (row.status !== 'CONFIRMED' && row.status !== 'HELD') throw wrongState(row, 'moved')
      const seats = goalSeats(readGoal, { trx, show: goal, row })
      const step = await exchange({ trx, show, row }, goal, seats)
      const outcome = attempts.outcome(step, layoutOf(goal))
      return outcome.replayed ? outcome : { ...outcome, ...warningsOf(goal, seats) }
    },
    changeInDoubt(`tickets booking view ${name}`),
  )
}

async function lockInOrder(trx: Knex.Transaction, showIds: string[]) {
  const houses = new Map<string, LockedBooking['show']>()
  for (const id of [...new Set(showIds)].sort()) houses.set(id, await lockHouse(trx, id))
  return houses
}

function goalSeats(readGoal: SeatReader, { show, row }: LockedBooking): number[] {
  const seats = readGoal(layoutOf(show))
  if (seats.length === row.seats.length) return seats
  const own = formatCount(row.seats.length, 'seat')
  throw invalidInput(`The booking has ${own}, so it must move to ${own}; got ${seats.length}.`)
}

async function exchange(
  { trx, show, row }: LockedBooking,
  goal: LockedBooking['show'],
  seats: number[],
): Promise<Step> {
  const isSameShow = goal.id === show.id
  if (isSameShow && seats.every((seat, i) => seat === row.seats[i])) return { row, replayed: true }
  if (await isExpired({ trx, show, row })) {
    throw new TicketsError(
      'WRONG_STATE',
      'The hold has expired. Confirm it first, or book again. Nothing was changed.',
    )
  }
  await refuseIfAdmitted({ trx, show, row }, row.seats)

  const isSold = row.status === 'CONFIRMED'
  const house = houseOf(goal, await heldSeats(trx, goal.id, row.id))
  if (isSameShow && isSold) house.taken.deleteAll(row.seats)
  const verdict = decide(house, { seats }, 'The booking keeps its seats.')
  if ('refusal' in verdict) {
    const { refusal } = verdict
    throw new TicketsError(refusal.code, refusal.message, refusal)
  }
  if (isSold && isSameShow) await writeSales(trx, show, { freed: row.seats, sold: seats })
  if (isSold && !isSameShow) {
    await writeSales(trx, show, { freed: row.seats })
    await writeSales(trx, goal, { sold: seats })
  }
  const moved = await updateBooking(trx, row.id, {
    show_id: goal.id,
    seats,
    // Seats that the booking has again no longer count as cancelled; another show has other seats.
    cancelled_seats: isSameShow ? without(row.cancelled_seats, seats) : [],
    ...(!isSameShow && { former_seats: [] }),
  })
  return { row: moved, replayed: false }
}
