import type { Knex } from 'knex'
import type { Database } from '../../database/knex-pool.js'
import { query } from '../../database/sql.js'
import { change, changeInDoubt } from '../../database/transaction.js'
import { seatLabel } from '../../house/seats.js'
import { type ErrorCode, TicketsError } from '../../shared/errors.js'
import { foldText } from '../../shared/fold-text.js'
import { formatStartTime } from '../../shared/time/format-time.js'
import type { Warned } from '../../shared/warnings.js'
import { warningsOf } from '../../shows/locked-house.js'
import { layoutOf } from '../../shows/plans.js'
import { type Booking, toBooking } from '../booking.js'
import {
  findBookingRow,
  type LockedBooking,
  lockBooking,
  seatReader,
  seatsMeant,
  wrongState,
} from './change-booking.js'

export interface CheckInOptions {
  /** The seats to check in (default: all). */
  seats?: string | undefined
  /** The id of the show at this door; a booking for another show is refused. */
  show?: string | undefined
  /** Undoes a check-in. */
  undo?: boolean | undefined
}

/** The result of a check-in. */
export interface CheckIn extends Warned {
  booking: Booking
  /** Seats let in now (with `undo`, let out), and seats that were in already, with the time. */
  admitted: number[]
  already: { seat: number; at: Date }[]
}

/**
 * Checks in the seats of a sold booking. Each seat is checked in once, so scanning a ticket again
 * changes nothing; `already` says since when a seat is in.
 *
 * Throws BOOKING_NOT_FOUND, INVALID_INPUT, NO_SUCH_SEAT, and WRONG_STATE for seats that the booking
 * does not have. Throws, with the booking as `outcome`, SHOW_CANCELLED, and WRONG_STATE if the
 * booking is not sold or is for another show.
 */
export async function checkIn(
  db: Database,
  name: string,
  options: CheckInOptions = {},
): Promise<CheckIn> {
  const named = options.seats === undefined ? undefined : seatReader(options.seats)
  // The work of an attempt whose COMMIT was lost; the next attempt must recognise it as its own.
  const own: Attempt = { admitted: new Map(), undone: new Set() }
  return change(
    db,
    async (trx) => {
      const locked = await lockBooking(trx, await findBookingRow(trx, name))
      refuseAtDoor(locked, options)
      const seats = seatsMeant(locked, named)
      const inside = await admissionsOf(trx, locked.row.id, seats)
      const booking = toBooking(locked.row, layoutOf(locked.show))
      return options.undo
        ? { booking, admitted: await letOut(locked, inside, own), already: [] }
        : { booking, ...(await letIn(locked, seats, inside, own)), ...warningsOf(locked.show) }
    },
    changeInDoubt(`tickets booking view ${name}`),
  )
}

interface Attempt {
  /**
   * When each seat was checked in, to the microsecond, by its label: the next attempt may find
   * another plan.
   */
  admitted: Map<string, string>
  /** The labels of the seats that were let out. */
  undone: Set<string>
}

interface Admission {
  seat: number
  admitted_at: Date
  /** To the microsecond. */
  moment: string
}

function refuseAtDoor({ show, row }: LockedBooking, options: CheckInOptions): void {
  const refuse = (code: ErrorCode, message: string) => {
    const booking = toBooking(row, layoutOf(show))
    return new TicketsError(code, message, { outcome: { booking, replayed: false } })
  }
  if (options.show !== undefined && options.show !== row.show_id) {
    // Includes the time, because the shows of a series share a name.
    const other = `${show.name}, ${formatStartTime(show.start_time, show.time_zone)}`
    throw refuse(
      'WRONG_STATE',
      `The ticket is for another show: ${other}. Do not admit its holder.`,
    )
  }
  if (row.status !== 'CONFIRMED') throw refuse('WRONG_STATE', wrongState(row, 'checked in').message)
  if (show.cancelled_at !== null) {
    throw refuse('SHOW_CANCELLED', 'The show is cancelled. No seat was checked in.')
  }
}

async function letIn(
  { trx, show, row }: LockedBooking,
  seats: number[],
  inside: Admission[],
  own: Attempt,
): Promise<Pick<CheckIn, 'admitted' | 'already'>> {
  const labelOf = (seat: number) => foldText(seatLabel(seat, layoutOf(show)))
  const insideSeats = new Set(inside.map(({ seat }) => seat))
  const missing = seats.filter((seat) => !insideSeats.has(seat))
  const others = inside.filter(({ seat, moment }) => own.admitted.get(labelOf(seat)) !== moment)
  const already = others.map(({ seat, admitted_at }) => ({ seat, at: admitted_at }))
  if (missing.length > 0) {
    const added = await query<Pick<Admission, 'seat' | 'moment'>>(
      trx,
      `insert into admissions (show_id, seat, booking_id)
       select ?, seat, ? from unnest(?::int[]) as seat
       returning seat, admitted_at::text as moment`,
      [row.show_id, row.id, missing],
    )
    for (const { seat, moment } of added) own.admitted.set(labelOf(seat), moment)
  }
  const before = new Set(others.map(({ seat }) => seat))
  return { admitted: seats.filter((seat) => !before.has(seat)), already }
}

async function letOut(
  { trx, show, row }: LockedBooking,
  inside: Admission[],
  own: Attempt,
): Promise<number[]> {
  const labelOf = (seat: number) => foldText(seatLabel(seat, layoutOf(show)))
  const seats = inside.map(({ seat }) => seat)
  if (seats.length > 0) {
    await trx('admissions').where({ booking_id: row.id }).whereIn('seat', seats).delete()
  }
  for (const seat of seats) own.undone.add(labelOf(seat))
  return row.seats.filter((seat) => own.undone.has(labelOf(seat)))
}

function admissionsOf(trx: Knex.Transaction, booking: string, seats: number[]) {
  return query<Admission>(
    trx,
    `select seat, admitted_at, admitted_at::text as moment from admissions
     where booking_id = ? and seat = any(?::int[]) order by seat`,
    [booking, seats],
  )
}
