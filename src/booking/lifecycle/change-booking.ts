import type { Knex } from 'knex'
import { ConflictError } from '../../database/failures.js'
import type { Database } from '../../database/knex-pool.js'
import { query } from '../../database/sql.js'
import { change, changeInDoubt } from '../../database/transaction.js'
import {
  checkSeats,
  formatLabels,
  MAX_SEATS,
  parseSeats,
  type SeatLayout,
} from '../../house/seats.js'
import { TicketsError } from '../../shared/errors.js'
import { foldText } from '../../shared/fold-text.js'
import { isId } from '../../shared/ids.js'
import { quote } from '../../shared/quote.js'
import { type HouseRow, lockHouse } from '../../shows/locked-house.js'
import { layoutOf } from '../../shows/plans.js'
import {
  type Booking,
  type BookingOutcome,
  type BookingRow,
  namesOf,
  toBooking,
} from '../booking.js'
import { parseReference } from '../references.js'

/** A booking as it is under its show's lock. */
export interface LockedBooking {
  trx: Knex.Transaction
  show: HouseRow
  row: BookingRow
}

/** The result of a step: the booking's row, and whether the step had been done before. */
export interface Step {
  row: BookingRow
  replayed: boolean
}

/**
 * Finds a booking by its id or its reference, with or without the dash, in upper or lower case.
 * Throws BOOKING_NOT_FOUND.
 */
export async function findBookingRow(knex: Knex, name: string): Promise<BookingRow> {
  const reference = parseReference(name)
  const row = isId(name)
    ? await knex<BookingRow>('bookings').where({ id: name }).first()
    : reference && (await knex<BookingRow>('bookings').where({ reference }).first())
  if (row) return row as BookingRow
  throw new TicketsError('BOOKING_NOT_FOUND', `There is no booking ${quote(name)}.`)
}

/**
 * Changes a booking in one transaction: locks its show, reads the booking again, and runs `step`. A
 * step whose connection is lost runs again, so it must recognise its own earlier work and return
 * the same result.
 */
export async function changeBooking(
  db: Database,
  name: string,
  step: (locked: LockedBooking) => Promise<Step>,
): Promise<BookingOutcome> {
  const attempts = new Attempts()
  return change(
    db,
    async (trx) => {
      const locked = await lockBooking(trx, await findBookingRow(trx, name))
      return attempts.outcome(await step(locked), layoutOf(locked.show))
    },
    changeInDoubt(`tickets booking view ${name}`),
  )
}

/**
 * The attempts of one call. An attempt whose COMMIT was lost may have succeeded. The next attempt
 * then finds that work, which belongs to this call and is not a replay.
 */
export class Attempts {
  readonly #done = new Set<string>()

  outcome({ row, replayed }: Step, layout: SeatLayout): BookingOutcome {
    const version = `${row.id} ${row.updated_at.getTime()}`
    const isOwn = this.#done.has(version)
    if (!replayed) this.#done.add(version)
    return { booking: toBooking(row, layout), replayed: replayed && !isOwn }
  }
}

/** Locks the show of a booking, and reads the booking again. */
export async function lockBooking(
  trx: Knex.Transaction,
  { id, show_id }: Pick<BookingRow, 'id' | 'show_id'>,
): Promise<LockedBooking> {
  const show = await lockHouse(trx, show_id)
  return { trx, show, row: await bookingUnderLock(trx, id, show_id) }
}

/**
 * Returns the booking as it is after the lock. Throws a ConflictError if the booking has moved to
 * another show, because then the wrong show is locked.
 */
export async function bookingUnderLock(
  trx: Knex.Transaction,
  id: string,
  showId: string,
): Promise<BookingRow> {
  const row = (await trx<BookingRow>('bookings').where({ id }).first()) as BookingRow
  if (row.show_id !== showId) throw new ConflictError('The booking has moved to another show.')
  return row
}

/** Updates a booking and returns its new row. */
export async function updateBooking(
  trx: Knex.Transaction,
  id: string,
  values: Record<string, unknown>,
): Promise<BookingRow> {
  const [row] = await trx<BookingRow>('bookings')
    .where({ id })
    .update({ ...values, updated_at: trx.raw('clock_timestamp()') })
    .returning('*')
  return row as BookingRow
}

/** Reads the seats that a call names. Throws INVALID_INPUT, NO_SUCH_SEAT. */
export type SeatReader = (layout: SeatLayout, formerSeats?: readonly string[]) => number[]

/**
 * Returns the reader of a spec or of seat numbers. A later attempt of the same call may find another
 * plan, with other numbers, so it reads the labels that the seats had in the first one; the seats of
 * a booking that an earlier attempt has cancelled may even be former ones.
 */
export function seatReader(named: string | readonly number[]): SeatReader {
  let first: { plan: SeatLayout['plan']; labels: string[] } | undefined
  return (layout, formerSeats = []) => {
    if (first && first.plan !== layout.plan) {
      return first.labels
        .flatMap((label) => seatNow(label, layout, formerSeats))
        .sort((a, b) => a - b)
    }
    const seats =
      typeof named === 'string' ? seatsNamed(named, layout, formerSeats) : checkSeats(named, layout)
    first = { plan: layout.plan, labels: namesOf(seats, layout, formerSeats).seatLabels }
    return seats
  }
}

/** Reads a spec that may also name former seats. Throws like `parseSeats`. */
function seatsNamed(spec: string, layout: SeatLayout, formerSeats: readonly string[]): number[] {
  try {
    return parseSeats(spec, layout)
  } catch (error) {
    if (formerSeats.length === 0) throw error
    const seats = spec.split(',').flatMap((piece) => seatNow(piece, layout, formerSeats))
    if (new Set(seats).size < seats.length) throw error
    return seats.sort((a, b) => a - b)
  }
}

/** Reads a label or a range of them, of seats of the house or of former ones. */
function seatNow(piece: string, layout: SeatLayout, formerSeats: readonly string[]): number[] {
  try {
    return parseSeats(piece, layout)
  } catch (error) {
    const former = formerRange(foldText(piece).trim(), formerSeats)
    if (former.length === 0) throw error
    return former
  }
}

/** The former seats whose names, as they are printed, are this label or range. */
function formerRange(folded: string, formerSeats: readonly string[]): number[] {
  const [from = ''] = folded.split(/\s*-/)
  const first = formerSeats.findIndex((label) => foldText(label) === from)
  if (first === -1) return []
  const seats: number[] = []
  const labels: string[] = []
  for (const label of formerSeats.slice(first)) {
    seats.push(MAX_SEATS + first + seats.length + 1)
    labels.push(label)
    const printed = foldText(formatLabels(seats, labels))
    if (printed === folded.replace(/\s*-\s*/, '-')) return seats
    if (printed.includes(',')) return []
  }
  return []
}

/**
 * Returns the seats that a call names, or by default all of the booking's. Throws INVALID_INPUT,
 * NO_SUCH_SEAT, and WRONG_STATE for seats that the booking does not have.
 */
export function seatsMeant(
  { show, row }: Pick<LockedBooking, 'show' | 'row'>,
  readSeats: SeatReader | undefined,
  among: readonly number[] = row.seats,
): number[] {
  if (readSeats === undefined) return [...row.seats]
  const seats = readSeats(layoutOf(show), row.former_seats)
  const alien = without(seats, among)
  if (alien.length === 0) return seats
  const { seatLabels } = namesOf(alien, layoutOf(show), row.former_seats)
  throw new TicketsError(
    'WRONG_STATE',
    `The booking does not have ${formatLabels(alien, seatLabels)}. Nothing was changed.`,
    { seats: alien },
  )
}

/** The seats that are not among `others`, in the same order. */
export function without(seats: readonly number[], others: readonly number[]): number[] {
  const gone = new Set(others)
  return seats.filter((seat) => !gone.has(seat))
}

/** Whether the booking is a hold whose time is over, by the database's clock. */
export async function isExpired({ trx, row }: LockedBooking): Promise<boolean> {
  if (row.held_until === null) return false
  const [found] = await query<{ expired: boolean }>(
    trx,
    'select held_until <= clock_timestamp() as expired from bookings where id = ?',
    [row.id],
  )
  return found!.expired
}

/** Throws WRONG_STATE if any of the seats is checked in, because they are in use. */
export async function refuseIfAdmitted(
  { trx, row }: LockedBooking,
  seats: readonly number[],
): Promise<void> {
  const inside: { seat: number }[] = await trx('admissions')
    .where({ booking_id: row.id })
    .whereIn('seat', seats)
    .select('seat')
  if (inside.length === 0) return
  throw new TicketsError(
    'WRONG_STATE',
    'This booking is checked in. Undo the check-in first. Nothing was changed.',
    { seats: inside.map(({ seat }) => seat) },
  )
}

/** The error for a booking whose state does not allow the operation. */
export function wrongState({ status }: Pick<Booking, 'status'>, wanted: string): TicketsError {
  return new TicketsError(
    'WRONG_STATE',
    `The booking is ${status.toLowerCase()}, so it cannot be ${wanted}. Nothing was changed.`,
  )
}
