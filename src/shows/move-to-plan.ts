import type { Knex } from 'knex'
import { query, sqlArray } from '../database/sql.js'
import type { SeatPlan } from '../house/plan/seat-plan.js'
import { SeatSet } from '../house/seat-set.js'
import { formatSeats, MAX_SEATS, type SeatLayout, seatLabel } from '../house/seats.js'
import { TicketsError } from '../shared/errors.js'
import { foldText } from '../shared/fold-text.js'
import { bookedOf, type HouseRow, heldSeats } from './locked-house.js'
import { layoutOf, type NewPlan } from './plans.js'

/**
 * Moves a locked show to another plan, which must have each sold and held seat under its label. Its
 * bookings and check-ins get the numbers that their seats have in that plan. Seats that only
 * bookings that are over name, and that the plan does not have, become former seats. `writeShow`
 * writes columns of the show.
 *
 * The history tells by the event of the show which numbers an event has: the bookings are written
 * before the show, and check-ins are undone before it and made again after it.
 *
 * Throws SEATS_TAKEN with the sold and held seats that the plan does not have.
 */
export async function moveToPlan(
  trx: Knex.Transaction,
  show: HouseRow,
  { plan, row }: NewPlan,
  writeShow: (columns: object) => Promise<void>,
): Promise<void> {
  const before = layoutOf(show)
  const numberOf = seatsByLabel({ totalSeats: plan.totalSeats, seatsPerRow: null, plan })
  const sold = [...bookedOf(show)]
  const taken = [...sold, ...(await heldSeats(trx, show.id))].sort((a, b) => a - b)
  const missing = taken.filter((seat) => numberOf(seatLabel(seat, before)) === undefined)
  if (missing.length > 0) throw withoutSeats(missing, before, plan)

  const former = [...show.former_seats]
  const namedSeats = await seatsOfBookings(trx, show.id)
  const isNamed = new Set(namedSeats)
  const newNumber = (seat: number): number => {
    const label = seatLabel(seat, before)
    const present = numberOf(label)
    if (present !== undefined) return present
    if (seat > MAX_SEATS) return seat
    return isNamed.has(seat) ? MAX_SEATS + former.push(label) : GONE
  }
  const last = Math.max(show.total_seats, namedSeats.at(-1) ?? 0)
  const numbers = Array.from({ length: last }, (_, index) => newNumber(index + 1))
  const isChanged = numbers.some((number, index) => number !== index + 1)
  if (isChanged) await renumberBookings(trx, show.id, numbers)
  const checkIns = isChanged ? await undoCheckIns(trx, show.id, numbers) : []
  const booked = sold.map((seat) => numbers[seat - 1]!)
  await writeShow({
    total_seats: plan.totalSeats,
    seats_per_row: null,
    plan_id: row.id,
    booked_seats: SeatSet.of(booked, plan.totalSeats).toBytes(),
    former_seats: former,
  })
  if (checkIns.length > 0) await repeatCheckIns(trx, show.id, checkIns, numbers)
}

/** The new number of a seat that no booking names, and that the new plan does not have. */
const GONE = 0

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

/** The seats that any booking of the show has, had or asked for, ascending. */
async function seatsOfBookings(trx: Knex.Transaction, showId: string): Promise<number[]> {
  const rows = await query<{ seat: number }>(
    trx,
    `select distinct unnest(seats || cancelled_seats) as seat from bookings where show_id = ?
     order by seat`,
    [showId],
  )
  return rows.map(({ seat }) => seat)
}

/**
 * Writes the new numbers of seats; `numbers[n - 1]` is that of seat n. An alternative that a refusal
 * offered, and that is gone, is left out.
 *
 * `updated_at` changes even if two seats of a booking exchange their numbers: the answer to a
 * question about one of them must not be taken for the other.
 */
async function renumberBookings(
  trx: Knex.Transaction,
  showId: string,
  numbers: readonly number[],
): Promise<void> {
  await query(trx, `select set_config('tickets.is_renumbering', 'yes', true)`, [])
  await query(
    trx,
    `update bookings b
     set seats = now.seats, cancelled_seats = now.cancelled_seats, failure = now.failure,
         updated_at = clock_timestamp()
     from (select ?::int[] as numbers) as given, bookings was, lateral (
       select array(select numbers[seat] from unnest(was.seats) as seat order by 1) as seats,
              array(select numbers[seat] from unnest(was.cancelled_seats) as seat order by 1)
                as cancelled_seats,
              was.failure || (
                select coalesce(jsonb_object_agg(key, coalesce(seats, '[]')), '{}')
                from jsonb_each(was.failure) as part (key, value), lateral (
                  select jsonb_agg(numbers[seat::int] order by numbers[seat::int]) as seats
                  from jsonb_array_elements_text(value) as seat where numbers[seat::int] > 0
                ) as renumbered
                where key in ('seats', 'alternatives')
              ) as failure
     ) as now
     where was.show_id = ? and b.id = was.id
       and (exists (select from unnest(was.seats || was.cancelled_seats) as seat
                    where numbers[seat] <> seat)
            or was.failure is distinct from now.failure)`,
    [sqlArray(numbers), showId],
  )
}

interface CheckIn {
  seat: number
  booking_id: string
  admitted_at: string
}

/** A clerk has no right to update a check-in, which would leave no trace. */
function undoCheckIns(
  trx: Knex.Transaction,
  showId: string,
  numbers: readonly number[],
): Promise<CheckIn[]> {
  return query<CheckIn>(
    trx,
    `delete from admissions where show_id = ? and (?::int[])[seat] <> seat
     returning seat, booking_id, admitted_at::text`,
    [showId, sqlArray(numbers)],
  )
}

async function repeatCheckIns(
  trx: Knex.Transaction,
  showId: string,
  checkIns: readonly CheckIn[],
  numbers: readonly number[],
): Promise<void> {
  await query(
    trx,
    `insert into admissions (show_id, seat, booking_id, admitted_at)
     select ?, * from unnest(?::int[], ?::uuid[], ?::timestamptz[])`,
    [
      showId,
      checkIns.map(({ seat }) => numbers[seat - 1]),
      checkIns.map(({ booking_id }) => booking_id),
      checkIns.map(({ admitted_at }) => admitted_at),
    ],
  )
}

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
    { seats: named },
  )
}
