import type { Knex } from 'knex'
import { inPages } from '../database/pages.js'
import { query, sqlArray, sqlLists } from '../database/sql.js'
import type { Refusal } from '../house/decide.js'
import type { SeatPlan } from '../house/plan/seat-plan.js'
import { SeatSet } from '../house/seat-set.js'
import { formatSeats, MAX_SEATS, type SeatLayout, seatLabel } from '../house/seats.js'
import { TicketsError } from '../shared/errors.js'
import { foldText } from '../shared/fold-text.js'
import { bookedOf, type HouseRow, heldSeats } from './locked-house.js'
import { layoutOf, type NewPlan } from './plans.js'

/**
 * Moves a locked show to another plan, which must have each sold and held seat under its label. Its
 * bookings and check-ins get the numbers that their seats have in that plan; bookings that are over
 * may have seats that it does not have. `writeShow` writes columns of the show.
 *
 * The events of the history that come before that of the show have the old numbers, and those after
 * it the new ones: so bookings are written before the show, and check-ins are undone before it and
 * made again after it.
 *
 * Throws SEATS_TAKEN with the sold and held seats that the plan does not have.
 */
export async function moveToPlan(
  trx: Knex.Transaction,
  show: HouseRow,
  { plan, row }: NewPlan,
  writeShow: (columns: object) => Promise<void>,
): Promise<void> {
  const seats = new MovedSeats(layoutOf(show), plan)
  const sold = [...bookedOf(show)]
  const taken = [...sold, ...(await heldSeats(trx, show.id))].sort((a, b) => a - b)
  const missing = taken.filter((seat) => seats.numberOf(seat) === undefined)
  if (missing.length > 0) throw withoutSeats(missing, layoutOf(show), plan)

  await renumberBookings(trx, show.id, seats)
  const checkIns = await undoCheckIns(trx, show.id, seats)
  const booked = sold.map((seat) => seats.numberOf(seat)!)
  await writeShow({
    total_seats: plan.totalSeats,
    seats_per_row: null,
    plan_id: row.id,
    booked_seats: SeatSet.of(booked, plan.totalSeats).toBytes(),
  })
  await repeatCheckIns(trx, show.id, checkIns)
}

/** Which number each seat of a house has in another plan: that of the seat with the same label. */
class MovedSeats {
  readonly #before: SeatLayout
  readonly #after: SeatLayout
  readonly #numberWithLabel: (label: string) => number | undefined
  readonly #numbers = new Map<number, number | undefined>()

  constructor(before: SeatLayout, plan: SeatPlan) {
    this.#before = before
    this.#after = { totalSeats: plan.totalSeats, seatsPerRow: null, plan }
    this.#numberWithLabel = seatsByLabel(this.#after)
  }

  /** The new number of a seat; undefined if it is gone. */
  numberOf(seat: number): number | undefined {
    if (!this.#numbers.has(seat)) {
      this.#numbers.set(seat, this.#numberWithLabel(seatLabel(seat, this.#before)))
    }
    return this.#numbers.get(seat)
  }

  /** The seats of a booking with their new numbers; undefined if all have them already. */
  renumber({ seats, cancelled_seats, former_seats, failure }: Seats): Seats | undefined {
    const former: string[] = []
    const numberOf = (seat: number): number => {
      const label = former_seats[seat - MAX_SEATS - 1] ?? seatLabel(seat, this.#before)
      const number = seat > MAX_SEATS ? this.#numberWithLabel(label) : this.numberOf(seat)
      if (number !== undefined) return number
      const known = former.indexOf(label)
      return MAX_SEATS + (known === -1 ? former.push(label) : known + 1)
    }
    const { seats: refused = [], alternatives = [] } = failure ?? {}
    const isSame =
      [...seats, ...cancelled_seats, ...refused].every((seat) => numberOf(seat) === seat) &&
      alternatives.every((seat) => this.numberOf(seat) === seat)
    if (isSame) return undefined
    const all = (list: readonly number[]) => list.map(numberOf).sort((a, b) => a - b)
    // One that is gone cannot be taken instead any more.
    const offered = alternatives.flatMap((seat) => this.numberOf(seat) ?? []).sort((a, b) => a - b)
    return {
      seats: all(seats),
      cancelled_seats: all(cancelled_seats),
      former_seats: former,
      failure: failure && {
        ...failure,
        ...(failure.seats && { seats: all(refused) }),
        ...(failure.alternatives && {
          alternatives: offered,
          alternativeSpec: formatSeats(offered, this.#after),
        }),
      },
    }
  }
}

/** The columns of a booking with numbers of seats. */
interface Seats {
  seats: number[]
  cancelled_seats: number[]
  former_seats: string[]
  failure: Refusal | null
}

/**
 * Returns a function that finds a seat of a house by its label, without regard to case and forms of
 * Unicode, as when it is typed.
 */
export function seatsByLabel(layout: SeatLayout): (label: string) => number | undefined {
  const seats = new Map<string, number>()
  for (let seat = 1; seat <= layout.totalSeats; seat++) {
    seats.set(foldText(seatLabel(seat, layout)), seat)
  }
  return (label) => seats.get(foldText(label))
}

/**
 * Writes the new numbers of all decided bookings. An undecided one is left to its process, which
 * reads the request again under the lock.
 *
 * `updated_at` changes even if two seats of a booking exchange their numbers: a clerk's answer to a
 * question about one seat must not be applied to the other.
 */
async function renumberBookings(
  trx: Knex.Transaction,
  showId: string,
  moved: MovedSeats,
): Promise<void> {
  await query(trx, `select set_config('tickets.is_renumbering', 'yes', true)`)
  const first = { id: '00000000-0000-0000-0000-000000000000' }
  const read = ({ id }: { id: string } = first, size: number) =>
    query<Seats & { id: string }>(
      trx,
      `select id, seats, cancelled_seats, former_seats, failure from bookings
       where show_id = ? and status <> 'PENDING' and id > ?::uuid order by id limit ${size}`,
      [showId, id],
    )
  // In pages, because each booking may have all seats of a house.
  for await (const rows of inPages(read)) {
    const changed = rows.flatMap((row) => {
      const now = moved.renumber(row)
      return now === undefined ? [] : { id: row.id, ...now }
    })
    if (changed.length > 0) await writeSeats(trx, changed)
  }
}

function writeSeats(
  trx: Knex.Transaction,
  bookings: readonly (Seats & { id: string })[],
): Promise<unknown> {
  return query(
    trx,
    `update bookings
     set seats = now.seats::int[], cancelled_seats = now.cancelled_seats::int[],
         former_seats = array(select jsonb_array_elements_text(now.former_seats::jsonb)),
         failure = now.failure::jsonb, updated_at = clock_timestamp()
     from unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::text[])
       as now (id, seats, cancelled_seats, former_seats, failure)
     where bookings.id = now.id`,
    [
      sqlArray(bookings.map(({ id }) => id)),
      sqlLists(bookings.map(({ seats }) => seats)),
      sqlLists(bookings.map(({ cancelled_seats }) => cancelled_seats)),
      bookings.map(({ former_seats }) => JSON.stringify(former_seats)),
      bookings.map(({ failure }) => failure && JSON.stringify(failure)),
    ],
  )
}

interface CheckIn {
  seat: number
  booking_id: string
  admitted_at: string
}

/**
 * Deletes the check-ins whose seats get other numbers, and returns them with these. A clerk has no
 * right to update a check-in, which would leave no trace.
 */
async function undoCheckIns(
  trx: Knex.Transaction,
  showId: string,
  moved: MovedSeats,
): Promise<CheckIn[]> {
  const inside = await query<{ seat: number }>(
    trx,
    'select seat from admissions where show_id = ?',
    [showId],
  )
  const changed = inside.filter(({ seat }) => moved.numberOf(seat) !== seat)
  if (changed.length === 0) return []
  const undone = await query<CheckIn>(
    trx,
    `delete from admissions where show_id = ? and seat = any(?::int[])
     returning seat, booking_id, admitted_at::text`,
    [showId, changed.map(({ seat }) => seat)],
  )
  return undone.map((checkIn) => ({ ...checkIn, seat: moved.numberOf(checkIn.seat)! }))
}

async function repeatCheckIns(
  trx: Knex.Transaction,
  showId: string,
  checkIns: readonly CheckIn[],
): Promise<void> {
  if (checkIns.length === 0) return
  await query(
    trx,
    `insert into admissions (show_id, seat, booking_id, admitted_at)
     select ?, * from unnest(?::int[], ?::uuid[], ?::timestamptz[])`,
    [
      showId,
      checkIns.map(({ seat }) => seat),
      checkIns.map(({ booking_id }) => booking_id),
      checkIns.map(({ admitted_at }) => admitted_at),
    ],
  )
}

/** The message names this many seats; `seats` has them all. */
const MOST_NAMED = 100

function withoutSeats(seats: number[], before: SeatLayout, plan: SeatPlan): TicketsError {
  const named = seats.slice(0, MOST_NAMED)
  const more = seats.length > MOST_NAMED ? ` and ${seats.length - MOST_NAMED} more` : ''
  const [noun, verb] = seats.length === 1 ? ['seat', 'is'] : ['seats', 'are']
  const hadSections = (before.plan?.sections.length ?? 1) > 1
  const hint =
    plan.sections.length > 1 && !hadSections
      ? ` With several sections, a label begins with the section: ${plan.label(1)}.`
      : ''
  return new TicketsError(
    'SEATS_TAKEN',
    `The plan has no ${noun} ${formatSeats(named, before)}${more}, which ${verb} sold or held. Nothing was changed. Keep these labels in the plan, in any place.${hint}`,
    { seats },
  )
}
