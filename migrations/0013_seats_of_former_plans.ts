import type { Knex } from 'knex'

/**
 * Another plan of a show may number its seats anew.
 *
 * The bookings of the show then get the new numbers, each with an event 'renumbered'. Bookings that
 * are over may name seats that the new plan does not have. Such a seat gets a number above 100,000,
 * which no house has: 100,000 + n is the nth of the labels in `former_seats` of the show.
 *
 * Events keep the numbers of their time. The index finds the plans that a show had.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`alter table shows add column former_seats text[] not null default '{}'`)
  await knex.raw(`
    alter table bookings
      drop constraint bookings_seats_in_range,
      add constraint bookings_seats_in_range
        check (0 < all (seats) and (100000 >= all (seats) or status <> 'CONFIRMED')) not valid
  `)
  await knex.raw('create index history_of_shows on history (show_id, id) where booking_id is null')
  await createShowFacts(knex, `, 'former_seats', nullif(show.former_seats, '{}')`)
  await recordChangesOf(knex, 'plan_id, former_seats, ')
  for (const [before, after] of CHANGES) await replaceInTrigger(knex, before, after)
}

/** Bookings that are over keep the numbers above 100,000; they are printed instead of labels. */
export async function down(knex: Knex): Promise<void> {
  for (const [before, after] of CHANGES) await replaceInTrigger(knex, after, before)
  await recordChangesOf(knex, '')
  await createShowFacts(knex, '')
  await knex.raw('drop index history_of_shows')
  await knex.raw(`
    alter table bookings
      drop constraint bookings_seats_in_range,
      add constraint bookings_seats_in_range
        check (0 < all (seats) and 100000 >= all (seats)) not valid
  `)
  await knex.raw('alter table shows drop column former_seats')
}

/** PostgreSQL resolves its names when it is created, so a clerk's search path changes nothing. */
async function createShowFacts(knex: Knex, more: string): Promise<void> {
  await knex.raw(`
    create or replace function show_facts(show shows) returns jsonb
    language sql stable
    return pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
      'name', show.name, 'start_time', show.start_time, 'time_zone', show.time_zone,
      'total_seats', show.total_seats, 'seats_per_row', show.seats_per_row,
      'cancelled_at', show.cancelled_at, 'plan_id', show.plan_id${more}
    ))
  `)
}

/** A sale changes other columns, and is recorded as an event of its booking. */
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

/** What changes in the function that records changed bookings. A PENDING record is no event. */
const CHANGES: readonly [before: string, after: string][] = [
  [
    'when old_show <> now_show',
    `when ${IS_RENUMBERING} and old_show = now_show then 'renumbered'
                  when old_show <> now_show`,
  ],
  [
    'where old_facts is distinct from new_facts',
    `where new_status <> 'PENDING' and old_facts is distinct from new_facts`,
  ],
]

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
