import type { Knex } from 'knex'

/**
 * A unique constraint has an entry for each row, but most bookings have no key. Each of them cost
 * two entries: one when it was recorded, one when it was decided. A partial index omits them.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table bookings drop constraint bookings_key_unique')
  await knex.raw('create unique index bookings_key_unique on bookings (key) where key is not null')
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index bookings_key_unique')
  await knex.raw('alter table bookings add constraint bookings_key_unique unique (key)')
}
