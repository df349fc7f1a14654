import type { Knex } from 'knex'
import { query } from '../database/sql.js'
import type { SeatPlan } from '../house/plan/seat-plan.js'
import { parseSeats, type SeatLayout, seatLabel } from '../house/seats.js'
import { TicketsError } from '../shared/errors.js'
import { foldText } from '../shared/fold-text.js'
import { type HouseRow, layoutOf } from './locked-house.js'

/**
 * Checks that a locked show can have another plan: each seat that a booking of the show has, has had
 * or has asked for keeps its label and its number in the house, because bookings, tickets and the
 * history have one or the other. Throws SEATS_TAKEN with the seats in the way.
 */
export async function checkSamePlaces(
  trx: Knex.Transaction,
  show: HouseRow,
  plan: SeatPlan,
): Promise<void> {
  const before = layoutOf(show)
  const after: SeatLayout = { totalSeats: plan.totalSeats, seatsPerRow: null, plan }
  const gone: number[] = []
  const moved: number[] = []
  for (const seat of await seatsOfBookings(trx, show)) {
    const label = seatLabel(seat, before)
    if (seat <= plan.totalSeats && isSameLabel(seatLabel(seat, after), label)) continue
    const list = hasLabel(after, label) ? moved : gone
    list.push(seat)
  }
  if (gone.length + moved.length === 0) return
  const name = (seats: number[]) => namesOf(seats, before)
  const sentences = [
    ...(gone.length > 0 ? [`The plan has no ${name(gone)}, which bookings name.`] : []),
    ...(moved.length > 0
      ? [
          `It has other numbers for ${name(moved)}, which bookings name: seats were added or removed before them in the file.`,
        ]
      : []),
  ]
  const message = `${sentences.join(' ')} Nothing was changed. Keep these seats, and the number of seats for sale before each of them.`
  throw new TicketsError('SEATS_TAKEN', message, {
    seats: [...gone, ...moved].sort((a, b) => a - b).slice(0, MOST_NAMED),
  })
}

const MOST_NAMED = 100

/**
 * The seats that any booking of the show has named. A house may have been larger once: such seats
 * have no place now, and so cannot lose it.
 */
async function seatsOfBookings(
  trx: Knex.Transaction,
  { id, total_seats }: HouseRow,
): Promise<number[]> {
  const rows = await query<{ seat: number }>(
    trx,
    `select distinct seat from (
       select unnest(seats || cancelled_seats) as seat from bookings where show_id = ?
       union all
       select jsonb_array_elements(facts -> 'seats')::int
       from history, unnest(array[before, after]) as facts
       where (show_id = ?::uuid or before ->> 'show_id' = ? and before ->> 'show_id' <> show_id::text)
         and booking_id is not null and coalesce(facts ->> 'show_id', show_id::text) = ?
         and jsonb_typeof(facts -> 'seats') = 'array'
     ) as named
     where seat <= ?
     order by seat`,
    [id, id, id, id, total_seats],
  )
  return rows.map(({ seat }) => seat)
}

function hasLabel(layout: SeatLayout, label: string): boolean {
  try {
    const [seat] = parseSeats(label, layout)
    return isSameLabel(seatLabel(seat!, layout), label)
  } catch (error) {
    if (error instanceof TicketsError) return false
    throw error
  }
}

/** Sections and rows are called alike in any case and in any form of Unicode, as when typed. */
function isSameLabel(a: string, b: string): boolean {
  return a === b || foldText(a) === foldText(b)
}

function namesOf(seats: number[], layout: SeatLayout): string {
  const named = seats.slice(0, MOST_NAMED).map((seat) => seatLabel(seat, layout))
  const more = seats.length > MOST_NAMED ? ` and ${seats.length - MOST_NAMED} more` : ''
  return `${named.length === 1 ? 'seat' : 'seats'} ${named.join(', ')}${more}`
}
