import type { Knex } from 'knex'

/**
 * A verdict that makes no entry in any index.
 *
 * PostgreSQL writes a row's new version next to the old one, and leaves all indexes alone, where no
 * index speaks of what has changed and the page has room. Two indexes spoke of the status, so every
 * booking was entered in all of them twice. They go by columns now that a sale does not change:
 * `held_in` is a hold's show, and `leads_until` the bound of an attempt that leads.
 *
 * Of requests that are recorded together the last one leads: its `recorded_with` is the id of the
 * first, theirs is the id of the last. Who finds an abandoned leader finds the others between these
 * ids. A record without partners leads itself, as those of earlier programs do.
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
  // In SQL, so that it becomes a part of the statement that calls it for every booking that is sold.
  await knex.raw(`
    create or replace function booking_facts(booking bookings) returns jsonb
    language sql stable as $$ select ${FACTS} $$
  `)
  // Its plan is made for the first change of a session, and has to suit a thousand at once as well:
  // never each old row against each new one.
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
