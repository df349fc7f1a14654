import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { type PlanLabel, readPlanLabel, seatsLabelled } from '../house/plan/plan-seats.js'
import { rowNumber } from '../house/seat-spec.js'
import { TicketsError } from '../shared/errors.js'
import { type PlannedRow, withPlans } from '../shows/plans.js'
import type { BookingStatus } from './booking.js'
import {
  bookingsWithIds,
  type ListedBooking,
  listBookings,
  suggestBookings,
  viewBooking,
} from './list-bookings.js'

/** The bookings to search (default: all that have, or had, seats). */
export interface BookingSearch {
  statuses?: readonly BookingStatus[] | undefined
  /** The id of the only show to search. */
  show?: string | undefined
  /** Ends the search early; the results are then incomplete. */
  signal?: AbortSignal | undefined
}

/** More results than a person reads. */
const MOST = 50
/** The maximum length of a customer's name. */
const LONGEST = 200
/** How many upcoming shows, and how many past ones, to search for a seat. */
const SHOWS = 1000

const HAVE_SEATS: readonly BookingStatus[] = ['HELD', 'CONFIRMED', 'CANCELLED']

/**
 * Returns the bookings that `text` may mean: the one with this reference or id, in any status; or
 * else those with this seat, the next show first, those of customers with such words, the newest
 * first, and those whose references begin with it. At most 50, and none for an empty text.
 */
export async function searchBookings(
  db: Database,
  text: string,
  { statuses = HAVE_SEATS, show, signal }: BookingSearch = {},
): Promise<ListedBooking[]> {
  const wanted = text.trim().slice(0, LONGEST)
  if (wanted === '') return []
  const named = await bookingNamed(db, wanted)
  if (named !== undefined) return [named]
  const among = { statuses, show }
  const found = new Map<string, ListedBooking>()
  for (const search of [ofSeat, ofCustomer, ofReference]) {
    if (signal?.aborted) return []
    for (const booking of await search(db, wanted, among)) found.set(booking.id, booking)
  }
  return [...found.values()].slice(0, MOST)
}

interface Among {
  statuses: readonly BookingStatus[]
  show: string | undefined
}

async function bookingNamed(db: Database, text: string): Promise<ListedBooking | undefined> {
  try {
    return await viewBooking(db, text)
  } catch (error) {
    if (error instanceof TicketsError && error.code === 'BOOKING_NOT_FOUND') return undefined
    throw error
  }
}

async function ofCustomer(
  db: Database,
  customer: string,
  { statuses, show }: Among,
): Promise<ListedBooking[]> {
  const bookings: ListedBooking[] = []
  const filter = { customer, show, status: statuses, sort: 'newest', limit: MOST } as const
  for await (const booking of listBookings(db, filter)) {
    bookings.push(booking)
  }
  return bookings
}

async function ofReference(
  db: Database,
  text: string,
  { statuses, show }: Among,
): Promise<ListedBooking[]> {
  if (!/^[2-9a-z]{1,4}-?[2-9a-z]{0,4}$/i.test(text)) return []
  const bookings = await suggestBookings(db, text, statuses)
  return bookings.filter(({ showId }) => show === undefined || showId === show)
}

/**
 * Finds 'B3', '13' or 'Stalls C5' in all shows; a show's row has its sold seats, so this needs no
 * bookings.
 */
async function ofSeat(
  db: Database,
  text: string,
  { statuses, show }: Among,
): Promise<ListedBooking[]> {
  const [, letters, digits] = /^([a-z]{0,3})(\d{1,6})$/i.exec(text) ?? []
  const label = readPlanLabel(text)
  if (digits === undefined && label === undefined) return []
  const planned = label === undefined ? [] : await seatsInPlans(db, label, show)
  const rows = await withRetry(db, () =>
    query<{ id: string }>(db.knex, ofSeatStatement(show), [
      ...(show === undefined ? [] : [show]),
      letters ? rowNumber(letters) : null,
      digits === undefined ? null : Number(digits),
      planned.map(({ planId }) => planId),
      planned.map(({ seat }) => seat),
      statuses,
      MOST,
    ]),
  )
  return bookingsWithIds(
    db,
    rows.map(({ id }) => id),
  )
}

/** The seats with this label, in the plans of the shows to search. */
async function seatsInPlans(db: Database, label: PlanLabel, show: string | undefined) {
  const statement = `select distinct plan_id, total_seats
    from (${showsToSearch(show)}) as s where plan_id is not null`
  const values = show === undefined ? [] : [show]
  const plans = await withRetry(db, async () =>
    withPlans(db.knex, await query<PlannedRow>(db.knex, statement, values)),
  )
  return plans.flatMap(({ plan_id, plan }) =>
    seatsLabelled(plan!, label).map((seat) => ({ planId: plan_id!, seat })),
  )
}

function showsToSearch(show: string | undefined): string {
  const columns = 'id, start_time, total_seats, seats_per_row, plan_id, booked_seats'
  return show === undefined
    ? `(select ${columns} from shows where start_time > now() - interval '12 hours'
        order by start_time, id limit ${SHOWS})
       union all
       (select ${columns} from shows where start_time <= now() - interval '12 hours'
        order by start_time desc, id desc limit ${SHOWS})`
    : `select ${columns} from shows where id = ?::uuid`
}

function ofSeatStatement(show: string | undefined): string {
  return `
    select b.id
    from (${showsToSearch(show)}) as s
    cross join (select ?::int as row, ?::int as number) as named
    cross join lateral (
      select case when named.row is null then named.number
                  when named.number <= s.seats_per_row
                  then (named.row - 1) * s.seats_per_row + named.number end as seat
      union all
      select planned.seat from unnest(?::text[], ?::int[]) as planned (plan_id, seat)
      where planned.plan_id = s.plan_id
    ) as wanted
    join bookings b on b.show_id = s.id and b.status = any(?::text[]) and wanted.seat = any(b.seats)
    where case when wanted.seat between 1 and s.total_seats
               then get_bit(s.booked_seats, wanted.seat - 1) = 1
                    or exists (select from bookings where held_in = s.id and wanted.seat = any(seats))
          end
    order by s.start_time <= now() - interval '12 hours', abs(extract(epoch from s.start_time - now())),
             b.created_at desc, b.id
    limit ?`
}
