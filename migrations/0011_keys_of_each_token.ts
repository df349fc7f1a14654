import type { Knex } from 'knex'

/**
 * A key is unique within its scope: the id of the API token that it came with, or '' for the command
 * line, the library and a server without tokens. Without scopes, a request with a token could repeat
 * another token's key, and was answered with the other's booking. A column of its own cannot be
 * forged by typing a key.
 *
 * The key stays first in the index: a booking is looked up by its key alone, of which few are equal.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`alter table bookings add column key_scope text not null default ''`)
  await knex.raw('drop index bookings_key_unique')
  await knex.raw(
    `create unique index bookings_key_unique on bookings (key, key_scope) where key is not null`,
  )
}

/** Removes the keys of tokens: without a scope, two of them may be the same. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`update bookings set key = null where key_scope <> ''`)
  await knex.raw('drop index bookings_key_unique')
  await knex.raw('create unique index bookings_key_unique on bookings (key) where key is not null')
  await knex.raw('alter table bookings drop column key_scope')
}
