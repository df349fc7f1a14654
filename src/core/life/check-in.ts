import type { Database } from '../../database/connection.js'
import { withRetry } from '../../database/retry.js'
import { inTransaction } from '../../database/transaction.js'
import { type Booking, toBooking } from '../booking.js'
import { TicketsError } from '../errors.js'
import { layoutOf } from '../house.js'
import { findBookingRow, lockBooking, seatsMeant, wrongState } from './change-booking.js'

export interface CheckInOptions {
  /** Only these seats; default: all of them. */
  seats?: string
  /** The id of the show at whose door this is: a booking of another one is refused. */
  show?: string
  /** Takes a check-in back. */
  undo?: boolean
}

/** What the door may do with a ticket. */
export interface CheckIn {
  booking: Booking
  /** Seats let in now (or, with `undo`, let out), and seats that were in already, with the time. */
  admitted: number[]
  already: { seat: number; at: Date }[]
}

/**
 * Lets the seats of a sold booking in. A seat is let in once: `already` says when. Scanning the
 * same ticket twice therefore changes nothing.
 *
 * Throws BOOKING_NOT_FOUND, INVALID_INPUT, NO_SUCH_SEAT, SHOW_CANCELLED, and WRONG_STATE for a
 * booking that is not sold, for another show, or without those seats.
 */
export async function checkIn(
  db: Database,
  name: string,
  options: CheckInOptions = {},
): Promise<CheckIn> {
  return withRetry(db, () =>
    inTransaction(db, async (trx) => {
      const locked = await lockBooking(trx, await findBookingRow(trx, name))
      const { show, row } = locked
      if (options.show !== undefined && options.show !== row.show_id) {
        throw new TicketsError('WRONG_STATE', 'The ticket is for another show. Do not let it in.')
      }
      if (row.status !== 'CONFIRMED') throw wrongState(row, 'checked in')
      if (show.cancelled_at !== null) {
        throw new TicketsError('SHOW_CANCELLED', 'The show is cancelled. Nobody was let in.')
      }
      const seats = seatsMeant(locked, options.seats)
      const inside = await trx<Admission>('admissions')
        .where({ booking_id: row.id })
        .whereIn('seat', seats)
        .orderBy('seat')
      const insideSeats = inside.map(({ seat }) => seat)
      const change = options.undo
        ? insideSeats
        : seats.filter((seat) => !insideSeats.includes(seat))
      if (options.undo && change.length > 0) {
        await trx('admissions').where({ booking_id: row.id }).whereIn('seat', change).delete()
      } else if (change.length > 0) {
        await trx('admissions').insert(
          change.map((seat) => ({ show_id: row.show_id, seat, booking_id: row.id })),
        )
      }
      return {
        booking: toBooking(row, layoutOf(show)),
        admitted: change,
        already: options.undo
          ? []
          : inside.map(({ seat, admitted_at }) => ({ seat, at: admitted_at })),
      }
    }),
  )
}

interface Admission {
  show_id: string
  seat: number
  booking_id: string
  admitted_at: Date
}
