import type { Knex } from 'knex'

/**
 * Decides a booking without a new entry in any index.
 *
 * When the page has room and no indexed column has changed, PostgreSQL writes a row's new version
 * next to the old one and leaves all indexes alone. Two indexes contained the status, so every
 * booking was entered in all indexes twice. They now contain columns that a sale does not change:
 * `held_in` is the show of a hold, and `leads_until` is the time at which a leader is abandoned.
 *
 * Of requests that are recorded together, the last one is the leader: its `recorded_with` is the id
 * of the first, and that of the others is the id of the last. So an abandoned leader gives the range
 * of ids of the others. A record on its own is its own leader, as are those of earlier programs.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('drop index bookings_pending')
  await knex.raw('drop index bookings_held')
  await knex.raw(`
    alter table bookings
      set (fillfactor = 50),
      add column recorded_with uuid,
      add column held_in uuid
        generated always as (case when status = 'HELD' then show_id end) stored,
      add column leads_until timestamptz
        generated always as (
          case when status = 'PENDING' and (recorded_with is null or recorded_with < id)
               then pending_until end
        ) stored
  `)
  await knex.raw('create index bookings_held on bookings (held_in) where held_in is not null')
  await knex.raw(
    `create index bookings_leading on bookings (show_id, leads_until)
     where leads_until is not null`,
  )
  // In SQL, so that PostgreSQL inlines it in the statement that calls it for every booking.
  await knex.raw(`
    create or replace function booking_facts(booking bookings) returns jsonb
    language sql stable as $$ select ${FACTS} $$
  `)
  // PostgreSQL plans it for the first change of a session, and the plan must suit a thousand
  // changes too: it must not compare each old row with each new one.
  await knex.raw(
    'alter function record_changed_bookings() set enable_nestloop = off set enable_hashjoin = on',
  )
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(
    'alter function record_changed_bookings() reset enable_nestloop reset enable_hashjoin',
  )
  await knex.raw(`
    create or replace function booking_facts(booking bookings) returns jsonb
    language plpgsql volatile as $$ begin return ${FACTS}; end $$
  `)
  await knex.raw('drop index bookings_leading')
  await knex.raw('drop index bookings_held')
  await knex.raw(`
    alter table bookings
      reset (fillfactor), drop column leads_until, drop column held_in, drop column recorded_with
  `)
  await knex.raw(
    `create index bookings_pending on bookings (show_id, pending_until) where status = 'PENDING'`,
  )
  await knex.raw(`create index bookings_held on bookings (show_id) where status = 'HELD'`)
}

const FACTS = `jsonb_strip_nulls(jsonb_build_object(
  'show_id', booking.show_id, 'status', booking.status, 'seats', booking.seats,
  'customer', booking.customer, 'note', booking.note, 'held_until', booking.held_until,
  'failure', booking.failure ->> 'code', 'cancelled_seats', nullif(booking.cancelled_seats, '{}'),
  'cancel_reason', booking.cancel_reason, 'split_from', booking.split_from
))`
