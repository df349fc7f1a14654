import type { Knex } from 'knex'

/**
 * A unique constraint has an entry for each row, and most bookings have no key: it was written
 * twice for each of them, when it was recorded and when it was decided. The index does without them.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table bookings drop constraint bookings_key_unique')
  await knex.raw('create unique index bookings_key_unique on bookings (key) where key is not null')
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index bookings_key_unique')
  await knex.raw('alter table bookings add constraint bookings_key_unique unique (key)')
}
