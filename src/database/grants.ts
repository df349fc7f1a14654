import type { Knex } from 'knex'
import { TicketsError } from '../shared/errors.js'
import { quote } from '../shared/quote.js'
import { checkText } from '../shared/text-input.js'
import { query } from './sql.js'

/**
 * Lets a role do the work of a box office: create shows, book, check in, verify, and nothing else.
 * It may neither delete a booking nor change the schema, nor rewrite what makes a row this row (its
 * id, its reference, when it was made). Repeatable; it takes away nothing that the role has.
 *
 * `trx` has the schema, up to date. Throws INVALID_INPUT for a role that does not exist and DB_AUTH
 * where this login may not grant.
 */
export async function grantBoxOffice(trx: Knex.Transaction, role: string): Promise<void> {
  await requireRole(trx, role)
  await query(trx, `select set_config('tickets.grantee', ?, true)`, [role])
  await trx.raw(GRANT)
  const missing = await query<{ privilege: string }>(trx, MISSING)
  if (missing.length === 0) return
  throw new TicketsError(
    'DB_AUTH',
    `This login may not grant ${missing.map((row) => row.privilege).join(', ')}. Nothing was changed. Log in as the owner of the database and its tables.`,
  )
}

/**
 * Throws INVALID_INPUT. "public" is never a role here: GRANT would take it for everybody, in
 * quotation marks as well, but PostgreSQL keeps anyone from making such a role.
 */
async function requireRole(trx: Knex.Transaction, role: string): Promise<void> {
  checkText('name of the role', role, 1000)
  // As text: a name would be cut to 63 bytes first, and then be somebody else's.
  const found = await query(trx, 'select 1 from pg_roles where rolname::text = ?', [role])
  if (found.length > 0) return
  throw new TicketsError(
    'INVALID_INPUT',
    `There is no role ${quote(role)} on this server. Make it first, with CREATE ROLE.`,
  )
}

const GRANTEE = `current_setting('tickets.grantee')`
const SCHEMA = `(select relnamespace::regnamespace from pg_class where oid = 'shows'::regclass)`

const NEEDED = `(values
  ('knex_migrations', 'select'),
  ('shows', 'select'), ('shows', 'insert'), ('show_words', 'select'),
  ('bookings', 'select'), ('bookings', 'insert'),
  ('history', 'select'),
  ('admissions', 'select'), ('admissions', 'insert'),
  -- Whoever was let in by mistake goes out again; the history remembers both.
  ('admissions', 'delete'),
  -- Whom to let in; tokens are made and revoked by the owner.
  ('api_tokens', 'select')
) as needed (name, privilege)`

/**
 * The columns that the grantee may change: all but a row's identity. Read from the catalogue, so that
 * granting again after an upgrade covers the columns that it brought.
 */
const WRITABLE = `(
  select attrelid::regclass as name, attnum as number, quote_ident(attname) as column
  from pg_attribute
  where attrelid in ('shows'::regclass, 'bookings'::regclass) and attnum > 0 and not attisdropped
    and attname <> all ('{id,reference,key_scope,key_request,created_at}')
) as writable`

// GRANT takes no parameters, and only the server knows for certain how its names are quoted.
const GRANT = `do $$
declare
  grantee constant text := quote_ident(${GRANTEE});
  given record;
begin
  -- Everybody may do these two on most servers, and they may not be ours to grant.
  if not has_database_privilege(${GRANTEE}, current_database(), 'connect') then
    execute format('grant connect on database %I to %s', current_database(), grantee);
  end if;
  if not has_schema_privilege(${GRANTEE}, ${SCHEMA}, 'usage') then
    execute format('grant usage on schema %s to %s', ${SCHEMA}, grantee);
  end if;
  for given in
    select name, privilege from ${NEEDED}
    union all
    select name::text, format('update (%s)', string_agg("column", ', ')) from ${WRITABLE} group by name
  loop
    execute format('grant %s on %s to %s', given.privilege, given.name, grantee);
  end loop;
end $$`

// Of what it may not give, GRANT only warns.
const MISSING = `
  select privilege from (
    select has_database_privilege(${GRANTEE}, current_database(), 'connect') as has,
           'CONNECT on the database' as privilege
    union all
    select has_schema_privilege(${GRANTEE}, ${SCHEMA}, 'usage'), 'USAGE on the schema'
    union all
    select has_table_privilege(${GRANTEE}, name, privilege), upper(privilege) || ' on ' || name
    from ${NEEDED}
    union all
    select bool_and(has_column_privilege(${GRANTEE}, name, number, 'update')), 'UPDATE on ' || name
    from ${WRITABLE} group by name
  ) as needs
  where not has`
