import type { Knex } from 'knex'

/**
 * Records a booking without waiting for the show's lock.
 *
 * A foreign key locks the row that it references. So recording a booking waited for the sale under
 * way in the same show to commit, and the next sale waited for that record in turn. The key now
 * references a row, one per show, that nothing else locks. That row is deleted with its show, so a
 * show still cannot be deleted before its bookings.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table show_ids (
      id uuid primary key
        constraint show_ids_show_exists references shows (id) on delete cascade
    )
  `)
  // Runs as the schema's owner, so that a role that creates shows needs no grant on this table.
  await knex.raw(`
    create function add_show_id() returns trigger language plpgsql
    security definer set search_path from current as $$
    begin
      insert into show_ids (id) values (new.id);
      return null;
    end $$
  `)
  await knex.raw(`
    create trigger add_show_id after insert on shows for each row execute function add_show_id()
  `)
  await knex.raw('insert into show_ids (id) select id from shows')
  await knex.raw(`
    alter table bookings
      drop constraint bookings_show_exists,
      add constraint bookings_show_exists foreign key (show_id) references show_ids (id)
  `)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table bookings
      drop constraint bookings_show_exists,
      add constraint bookings_show_exists foreign key (show_id) references shows (id)
  `)
  await knex.raw('drop trigger add_show_id on shows')
  await knex.raw('drop function add_show_id')
  await knex.raw('drop table show_ids')
}
