import { createHash } from 'node:crypto'
import type { Knex } from 'knex'
import { isAbandonedBy } from '../booking/abandoned.js'
import { inPages } from '../database/pages.js'
import { query } from '../database/sql.js'
import type { SeatPlan } from '../house/plan/seat-plan.js'
import { MAX_SEATS } from '../house/seats.js'
import { remember } from '../shared/remember.js'
import { parseStored, selectPlans } from '../shows/plans.js'
import type { ShowRow } from '../shows/shows.js'

/** A show to be verified; none of its columns can be trusted. */
export interface ShowEvidence
  extends Pick<
    ShowRow,
    'id' | 'name' | 'total_seats' | 'seats_per_row' | 'plan_id' | 'confirmed_seats_count'
  > {
  /** The bits of `booked_seats`, truncated to the size of the largest house. */
  bits: Buffer
  /** The size of `booked_seats` in bytes. */
  bytes: number
  /** How many bits are set in all of `booked_seats`. */
  bits_set: number
  /** Whether the history has it otherwise. */
  is_contradicted: boolean
}

/** A booking to be verified. */
export interface BookingEvidence {
  id: string
  /** As stored in the database, without its dash. */
  reference: string
  show_id: string
  /** A confirmed booking owns its seats as `sold`, a live hold as `held`; others own none. */
  owns_as: 'sold' | 'held' | null
  /** Empty if the booking owns no seats; may contain values that are not seats. */
  seats: unknown[]
  is_abandoned: boolean
  /** How its columns contradict each other. */
  fault: string | null
  /** Whether the history has it otherwise. */
  is_contradicted: boolean
}

/** A snapshot, and a time later than everything in it. */
export interface Snapshot {
  trx: Knex.Transaction
  /** The database's clock, to the microsecond. */
  clock: string
  /** The time of the first event of the history; 'infinity' if it has none. */
  historySince: string
  /** Limits the audit to this show. */
  showId: string | undefined
}

/**
 * Takes the snapshot of a REPEATABLE READ transaction and the time that expiry is judged by. Reads
 * the clock after the snapshot: by an earlier time, such as now(), a hold whose seats were sold
 * right after it expired would still seem alive.
 */
export async function takeSnapshot(
  trx: Knex.Transaction,
  showId: string | undefined,
): Promise<Snapshot> {
  const [row] = await query<{ clock: string; since: string }>(
    trx,
    `select clock_timestamp()::text as clock,
            coalesce((select at from history order by id limit 1), 'infinity')::text as since`,
  )
  return { trx, clock: row!.clock, historySince: row!.since, showId }
}

/** How many shows and bookings the snapshot contains. */
export async function countRows({ trx, showId }: Snapshot): Promise<number> {
  const [row] = await query<{ count: number }>(
    trx,
    showId === undefined
      ? 'select (select count(*) from shows)::float8 + (select count(*) from bookings) as count'
      : 'select 1 + count(*)::float8 as count from bookings where show_id = ?',
    showId === undefined ? [] : [showId],
  )
  return row!.count
}

/** Yields the shows page by page, ordered by id. */
export async function* readShows({
  trx,
  historySince,
  showId,
}: Snapshot): AsyncGenerator<ShowEvidence> {
  const read = ({ id } = { id: ZERO_ID }, size: number) =>
    query<ShowEvidence>(
      trx,
      `select id, name, total_seats, seats_per_row, plan_id, confirmed_seats_count,
              substr(booked_seats, 1, ${MAX_SEATS / 8}) as bits,
              octet_length(booked_seats) as bytes,
              bit_count(booked_seats)::float8 as bits_set,
              ${SHOW_IS_CONTRADICTED} as is_contradicted
       from shows
       left join lateral (
         select after from history
         where show_id = shows.id and booking_id is null and after ->> 'name' is not null
         order by history.id desc limit 1
       ) as latest on true
       where ${showId === undefined ? 'id > ?' : 'id > ? and id = ?'}
       order by id limit ${size}`,
      [historySince, id, ...(showId === undefined ? [] : [showId])],
    )
  for await (const rows of inPages(read, { pageSize: 100 })) yield* rows
}

/**
 * Yields the bookings page by page, ordered by their shows' ids. A page has a maximum number of
 * bookings and of bytes of seats, because one booking may have a whole house. The bytes are those
 * on disk: counting the seats would unpack the next pages as well.
 */
export async function* readEvidence({
  trx,
  clock,
  historySince,
  showId,
}: Snapshot): AsyncGenerator<BookingEvidence[]> {
  for (let after = [ZERO_ID, '-infinity', ZERO_ID]; ; ) {
    const page = await query<BookingEvidence & { exact_created_at: string }>(
      trx,
      `select id, reference, show_id, created_at::text as exact_created_at, owns_as, seats,
              coalesce(${isAbandonedBy('clock')}, false) as is_abandoned,
              ${FAULT} as fault,
              ${BOOKING_IS_CONTRADICTED} as is_contradicted
       from (
         select *,
                case when owns_as is null then '{}' else all_seats end as seats,
                sum(pg_column_size(all_seats))
                  over (order by show_id, created_at, id rows between unbounded preceding and 1 preceding)
                  as bytes_before
         from (
           select id, reference, show_id, created_at, status, seats as all_seats, customer, key,
                  key_request, pending_until, held_until, failure, cancelled_seats, former_seats, clock,
                  case when status = 'CONFIRMED' then 'sold'
                       when status = 'HELD' and (held_until is null or held_until > clock) and not ${MAX_SEATS} < any(seats)
                       then 'held' end as owns_as
           from bookings, cast(? as timestamptz) as clock
           where (show_id, created_at, id) > (?, ?, ?) ${showId === undefined ? '' : 'and show_id = ?'}
           order by show_id, created_at, id limit ${BOOKINGS_A_PAGE}
         ) as next
       ) as page
       left join lateral (
         select after from history
         where booking_id = page.id and after ->> 'status' is not null
         order by history.id desc limit 1
       ) as latest on status <> 'PENDING'
       where bytes_before is null or bytes_before < ${SEAT_BYTES_A_PAGE}
       order by show_id, created_at, id`,
      [historySince, clock, ...after, ...(showId === undefined ? [] : [showId])],
    )
    const last = page.at(-1)
    if (last === undefined) return
    yield page
    after = [last.show_id, last.exact_created_at, last.id]
  }
}

/** A show's plan, null if it has none, or what is wrong with it: 'is missing'. */
export type AuditedPlan = SeatPlan | null | string

/** Reads the plans of a snapshot from the database, even if this process knows them already. */
export function storedPlans({ trx }: Snapshot): (id: string | null) => Promise<AuditedPlan> {
  return remember(10, async (id) => {
    if (id === null) return null
    const row = (await selectPlans(trx, [id])).get(id)
    const plan = await parseStored(row)
    const hash = row && createHash('sha256').update(row.document).digest('hex')
    return typeof plan !== 'string' && hash !== id ? 'does not match its id' : plan
  })
}

/** The ids of plans that no show has now. Bookings that were made under one still need it. */
export async function unusedPlans({ trx }: Snapshot): Promise<string[]> {
  const found = 'select id from plans except select plan_id from shows order by id'
  return (await query<{ id: string }>(trx, found)).map(({ id }) => id)
}

/** A check-in on a seat that is not confirmed to its booking. */
export interface StrayAdmission {
  show_id: string
  /** NULL for a booking that does not exist. */
  reference: string | null
  show_name: string | null
  seats_per_row: number | null
  total_seats: number | null
  plan_id: string | null
  seats: number[]
}

/** Yields such check-ins by booking, page by page. */
export async function* readStrayAdmissions({
  trx,
  showId,
}: Snapshot): AsyncGenerator<StrayAdmission> {
  const first = { booking_id: ZERO_ID, show_id: ZERO_ID }
  const read = (after = first, size: number) =>
    query<StrayAdmission & { booking_id: string }>(
      trx,
      `select entered.booking_id, entered.show_id, b.reference, s.name as show_name,
              s.seats_per_row, s.total_seats, s.plan_id,
              array(
                select seat from admissions a
                where a.booking_id = entered.booking_id and a.show_id = entered.show_id
                except
                select unnest(b.seats) where b.status = 'CONFIRMED' and b.show_id = entered.show_id
                order by 1
              ) as seats
       from (
         select distinct booking_id, show_id from admissions
         where (booking_id, show_id) > (?, ?) ${showId === undefined ? '' : 'and show_id = ?'}
         order by booking_id, show_id limit ${size}
       ) as entered
       left join bookings b on b.id = entered.booking_id
       left join shows s on s.id = entered.show_id
       order by entered.booking_id, entered.show_id`,
      [after.booking_id, after.show_id, ...(showId === undefined ? [] : [showId])],
    )
  for await (const page of inPages(read, { pageSize: 500 })) {
    yield* page.filter(({ seats }) => seats.length > 0)
  }
}

const BOOKINGS_A_PAGE = 2000
const SEAT_BYTES_A_PAGE = 100_000

/** Sorts before every real id. */
const ZERO_ID = '00000000-0000-0000-0000-000000000000'

/** Describes how a booking's columns contradict its status. */
const FAULT = `nullif(concat_ws(', ',
  case when status not in ('PENDING', 'HELD', 'CONFIRMED', 'FAILED', 'CANCELLED')
       then 'has an unknown status' end,
  case when status in ('HELD', 'CONFIRMED') and cardinality(all_seats) = 0
       then 'has no seats' end,
  case when status = 'PENDING' and pending_until is null
       then 'has no deadline for its attempt' end,
  case when status <> 'PENDING' and pending_until is not null
       then 'still has a deadline for its attempt' end,
  case when status <> 'HELD' and held_until is not null
       then 'expires, but is not a hold' end,
  case when status = 'FAILED' and failure ->> 'code' is null
       then 'has no reason for its failure' end,
  case when status <> 'FAILED' and failure is not null
       then 'has a reason for a failure' end,
  case when status in ('HELD', 'CONFIRMED') and all_seats && cancelled_seats
       then 'has seats that it gave back' end,
  case when key is not null and key_request is null
       then 'has a key without its request' end,
  case when owns_as is null and ${MAX_SEATS} + cardinality(former_seats) < any (all_seats)
       then 'has a former seat without a label' end
), '')`

/**
 * A booking or a show without an event is older than the history, or its events are missing. Leaves
 * out `held_until` and `start_time`, whose form in an event depends on the session's time zone.
 */
const BOOKING_IS_CONTRADICTED = `case
  when status = 'PENDING' then false
  when after is null then created_at > ?::timestamptz
  else (after ->> 'show_id', after ->> 'status', after -> 'seats', after ->> 'customer')
    is distinct from (show_id::text, status, to_jsonb(all_seats), customer)
end`

/** A rollback of migration 0012 takes the plans from the shows without an event. */
const SHOW_IS_CONTRADICTED = `case
  when after is null then created_at > ?::timestamptz
  else (after ->> 'name', after ->> 'total_seats', after ->> 'seats_per_row', after ->> 'time_zone',
        after ->> 'cancelled_at' is null)
    is distinct from (name, total_seats::text, seats_per_row::text, time_zone, cancelled_at is null)
    or plan_id is not null and plan_id is distinct from after ->> 'plan_id'
end`
