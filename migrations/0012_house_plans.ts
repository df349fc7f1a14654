import type { Knex } from 'knex'

/**
 * Houses as they are built: sections, aisles, and rows of any length.
 *
 * A plan is stored once, under the SHA-256 of its text, however many shows use it, and never
 * changes. Its seats are numbered from 1 like those of any other house, so the sold seats and the
 * bookings of a show stay as they are.
 *
 * The foreign key includes the number of seats, which keeps the size of a show equal to that of its
 * plan.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table plans (
      id text primary key,
      document text not null,
      total_seats integer not null
        constraint plans_total_seats_range check (total_seats between 1 and 100000),
      created_at timestamptz not null default now(),
      constraint plans_id_is_hash check (
        id = pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(document, 'UTF8')), 'hex')
      ),
      constraint plans_id_total_seats_unique unique (id, total_seats)
    )
  `)
  await knex.raw(`
    alter table shows
      add column plan_id text,
      add constraint shows_plan_exists
        foreign key (plan_id, total_seats) references plans (id, total_seats),
      add constraint shows_plan_has_the_rows check (plan_id is null or seats_per_row is null)
  `)
  await createShowFacts(knex, `, 'plan_id', show.plan_id`)
}

/**
 * Drops the plans. The shows that have one keep their seats, sold and held ones included, under
 * their numbers in the house: a show without rows. To refuse instead would stop a rollback of the
 * whole schema.
 */
export async function down(knex: Knex): Promise<void> {
  await createShowFacts(knex, '')
  await knex.raw('alter table shows drop column plan_id')
  await knex.raw('drop table plans')
}

/** PostgreSQL resolves its names when it is created, so a clerk's search path changes nothing. */
async function createShowFacts(knex: Knex, more: string): Promise<void> {
  await knex.raw(`
    create or replace function show_facts(show shows) returns jsonb
    language sql stable
    return pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
      'name', show.name, 'start_time', show.start_time, 'time_zone', show.time_zone,
      'total_seats', show.total_seats, 'seats_per_row', show.seats_per_row,
      'cancelled_at', show.cancelled_at${more}
    ))
  `)
}
