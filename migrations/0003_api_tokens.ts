import type { Knex } from 'knex'

/**
 * Tokens for changes over HTTP.
 *
 * Only a hash of each token is kept, so a token cannot be recovered from this table or a backup of
 * it. A plain SHA-256 is enough, because the secret is 256 random bits, not a password that can be
 * guessed.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table api_tokens (
      id text primary key
        constraint api_tokens_id_form check (id ~ '^[0-9a-f]{12}$'),
      name text not null
        constraint api_tokens_name_length check (char_length(name) between 1 and 100),
      role text not null
        constraint api_tokens_role_known check (role in ('admin', 'box-office', 'read')),
      secret_hash bytea not null
        constraint api_tokens_hash_length check (octet_length(secret_hash) = 32),
      created_at timestamptz not null default now(),
      revoked_at timestamptz
    )
  `)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table api_tokens')
}
