import type { Knex } from 'knex'

/**
 * Another plan of a show may number its seats anew.
 *
 * The bookings of the show then get the new numbers, each with an event 'renumbered'. A booking that
 * is over may have seats that the new plan does not have. Such a seat gets a number above 100,000,
 * which no house has: 100,000 + n is the nth of the labels in `former_seats` of the booking.
 *
 * Events keep the numbers of their time. The index finds the plans that a show had.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table bookings
      add column former_seats text[] not null default '{}',
      drop constraint bookings_seats_in_range,
      add constraint bookings_seats_in_range
        check (0 < all (seats) and (100000 >= all (seats) or status <> 'CONFIRMED')) not valid
  `)
  await knex.raw('create index history_of_shows on history (show_id, id) where booking_id is null')
  await createBookingFacts(
    knex,
    `, 'former_seats',
      case when pg_catalog.cardinality(booking.former_seats) operator(pg_catalog.>) 0
           then booking.former_seats end`,
  )
  await recordChangesOf(knex, 'plan_id, ')
  await replaceInTrigger(knex, MOVED, RENUMBERED_OR_MOVED)
}

/**
 * Takes the seats that are gone from bookings that are over. An expired hold that has no other seats
 * is cancelled.
 */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    update bookings
    set seats = left_seats, cancelled_seats = array(
          select seat from pg_catalog.unnest(cancelled_seats) as seat where seat <= 100000
        ),
        status = case when is_over then 'CANCELLED' else status end,
        held_until = case when is_over then null else held_until end
    from (
      select id as left_id, left_seats, status = 'HELD' and pg_catalog.cardinality(left_seats) = 0 as is_over
      from bookings, lateral (
        select array(select seat from pg_catalog.unnest(seats) as seat where seat <= 100000) as left_seats
      ) as those
      where pg_catalog.cardinality(former_seats) > 0
    ) as changed
    where id = left_id
  `)
  await replaceInTrigger(knex, RENUMBERED_OR_MOVED, MOVED)
  await recordChangesOf(knex, '')
  await createBookingFacts(knex, '')
  await knex.raw('drop index history_of_shows')
  await knex.raw(`
    alter table bookings
      drop column former_seats,
      drop constraint bookings_seats_in_range,
      add constraint bookings_seats_in_range
        check (0 < all (seats) and 100000 >= all (seats)) not valid
  `)
}

/** PostgreSQL resolves its names when it is created, so a clerk's search path changes nothing. */
async function createBookingFacts(knex: Knex, more: string): Promise<void> {
  await knex.raw(`
    create or replace function booking_facts(booking bookings) returns jsonb
    language sql stable
    return pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
      'show_id', booking.show_id, 'status', booking.status, 'seats', booking.seats,
      'customer', booking.customer, 'note', booking.note, 'held_until', booking.held_until,
      'failure', booking.failure operator(pg_catalog.->>) 'code',
      'cancelled_seats',
      case when pg_catalog.cardinality(booking.cancelled_seats) > 0 then booking.cancelled_seats end,
      'cancel_reason', booking.cancel_reason, 'split_from', booking.split_from${more}
    ))
  `)
}

/**
 * A sale changes other columns, and is recorded as an event of its booking. `columns`, each with a
 * comma after it, are those that 0002 did not know.
 */
async function recordChangesOf(knex: Knex, columns: string): Promise<void> {
  await knex.raw('drop trigger record_changed_show on shows')
  await knex.raw(`
    create trigger record_changed_show
    after update of ${columns}name, start_time, time_zone, total_seats, seats_per_row, cancelled_at
    on shows
    for each row when (show_facts(old) is distinct from show_facts(new))
    execute function record_show()
  `)
}

/**
 * A session that sets the variable without renumbering gives its events this name; they are
 * recorded all the same.
 */
const IS_RENUMBERING = `pg_catalog.current_setting('tickets.is_renumbering', true) operator(pg_catalog.=) 'yes'`

const MOVED = 'when old_show <> now_show'
const RENUMBERED_OR_MOVED = `when ${IS_RENUMBERING} and old_show = now_show then 'renumbered'
                  ${MOVED}`

/** Replaces a part of the function, which is that of migration 0009; its settings and rights stay. */
async function replaceInTrigger(knex: Knex, from: string, to: string): Promise<void> {
  await knex.raw(`do $edit$
    declare
      definition constant text :=
        pg_catalog.pg_get_functiondef('record_changed_bookings'::pg_catalog.regproc);
      changed constant text := pg_catalog.replace(definition, $from$${from}$from$, $to$${to}$to$);
    begin
      if changed operator(pg_catalog.=) definition then
        raise exception 'the function record_changed_bookings is not that of migration 0009';
      end if;
      execute changed;
    end $edit$`)
}
