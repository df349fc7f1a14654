import type { Knex } from 'knex'

/**
 * A record that waits for nobody's lock.
 *
 * A foreign key locks the row that it refers to, so whoever recorded a booking waited until whoever
 * sold for the same show had committed, and the next sale waited for the record in turn: what could
 * be done side by side was done one after the other. The key leads to a row now that nobody else
 * locks, one for each show. It goes with its show, and so the show cannot go before its bookings.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table show_ids (
      id uuid primary key
        constraint show_ids_show_exists references shows (id) on delete cascade
    )
  `)
  // As the schema's owner: whoever may create a show need not know of this table.
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
