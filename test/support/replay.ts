import type { TestDatabase } from './database.js'

/** The state of a booking after its latest event. */
export interface ReplayedBooking {
  show_id: string
  status: string
  seats: number[]
}

interface Event {
  booking_id: string | null
  show_id: string
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
  action: string
}

/**
 * Replays the whole history and returns where it contradicts itself or the present: an event whose
 * `before` is not the state after the previous event, a row that differs from its latest event, a
 * seat that is marked as sold without a sale, or a seat that is checked in without a check-in.
 */
export async function contradictions(db: TestDatabase): Promise<string[]> {
  const found: string[] = []
  const events = await db.sql<Event>('select * from history order by id')
  const state = new Map<string, Record<string, unknown>>()
  const inside = new Map<string, Set<number>>()
  for (const { booking_id, show_id, before, after, action } of events) {
    const key = booking_id ?? show_id
    if (action === 'checked in' || action === 'check-in undone') {
      const seats = inside.get(key) ?? inside.set(key, new Set()).get(key)!
      for (const seat of (after?.seats ?? []) as number[]) seats.add(seat)
      for (const seat of (before?.seats ?? []) as number[]) seats.delete(seat)
      continue
    }
    if (!isSame(before, state.get(key) ?? null)) found.push(`${key} did not come to be ${action}`)
    if (after) state.set(key, after)
    else state.delete(key)
  }
  const rows = await db.sql<{ id: string; facts: Record<string, unknown> }>(
    `select id, booking_facts(bookings) as facts from bookings where status <> 'PENDING'
     union all select id, show_facts(shows) from shows`,
  )
  for (const { id, facts } of rows) {
    if (!isSame(facts, state.get(id) ?? null)) found.push(`${id} is not what the history says`)
    state.delete(id)
  }
  for (const id of state.keys()) found.push(`${id} is gone`)
  return [...found, ...(await againstHouses(db)), ...(await againstDoor(db, inside))]
}

/** The seats that are marked as sold are those in the latest events of confirmed bookings. */
async function againstHouses(db: TestDatabase): Promise<string[]> {
  const rows = await db.sql<{ id: string }>(`
    with latest as (
      select distinct on (booking_id) booking_id, after from history
      where booking_id is not null and action not like 'check%' order by booking_id, id desc
    ), sold as (
      select (after ->> 'show_id')::uuid as id, seat::int
      from latest, jsonb_array_elements_text(after -> 'seats') as seat
      where after ->> 'status' = 'CONFIRMED'
    ), marked as (
      select id, seat from shows, generate_series(1, total_seats) as seat
      where get_bit(booked_seats, seat - 1) = 1
    )
    select id from ((table sold except all table marked) union all (table marked except all table sold)) x`)
  return rows.map(({ id }) => `the house of ${id} differs from what was sold`)
}

async function againstDoor(db: TestDatabase, inside: Map<string, Set<number>>): Promise<string[]> {
  const rows = await db.sql<{ booking_id: string; seat: number }>('select * from admissions')
  const present = rows.map(({ booking_id, seat }) => `${booking_id} ${seat}`)
  const recorded = [...inside].flatMap(([id, seats]) => [...seats].map((seat) => `${id} ${seat}`))
  return isSame(present.sort(), recorded.sort())
    ? []
    : ['the seats that are checked in differ from the check-ins']
}

/** Times in the history are texts, in the time zone of the session that wrote them. */
function isSame(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (key, inner) => {
    if (key.endsWith('_at') || key.endsWith('_until') || key === 'start_time') {
      return new Date(inner as string).getTime()
    }
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([x], [y]) => (x < y ? -1 : 1)))
  })
}
