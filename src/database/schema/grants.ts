import type { Knex } from 'knex'
import { invalidInput, TicketsError } from '../../shared/errors.js'
import { quote } from '../../shared/quote.js'
import { checkText } from '../../shared/text-input.js'
import { query } from '../sql.js'

/**
 * Grants a role what a box office needs: create shows, book, check in, verify, and nothing else.
 * The role cannot delete a booking, change the schema, or change a row's identity (id, reference,
 * creation time). Repeatable; revokes nothing that the role already has.
 *
 * `trx` must have the current schema. Throws INVALID_INPUT for a role that does not exist, and
 * DB_AUTH if this login may not grant.
 */
export async function grantBoxOffice(trx: Knex.Transaction, role: string): Promise<void> {
  await requireRole(trx, role)
  await chooseGrantee(trx, role)
  await trx.raw(GRANT)
  const missing = await missingPrivileges(trx, role)
  if (missing.length === 0) return
  throw new TicketsError(
    'DB_AUTH',
    `This login may not grant ${missing.join(', ')}. Nothing was changed. Log in as the owner of the database and its tables.`,
  )
}

/**
 * The privileges of a box office that a role lacks, such as 'INSERT on bookings'. `trx` must have
 * the current schema.
 */
export async function missingPrivileges(trx: Knex.Transaction, role: string): Promise<string[]> {
  await chooseGrantee(trx, role)
  const rows = await query<{ privilege: string }>(trx, MISSING)
  return rows.map(({ privilege }) => privilege)
}

async function chooseGrantee(trx: Knex.Transaction, role: string): Promise<void> {
  await query(trx, `select set_config('tickets.grantee', ?, true)`, [role])
}

/**
 * Throws INVALID_INPUT if there is no such role. GRANT reads "public" as everyone, even in
 * quotation marks, but PostgreSQL allows no role of that name.
 */
async function requireRole(trx: Knex.Transaction, role: string): Promise<void> {
  checkText('name of the role', role, 1000)
  // Compared as text: the type `name` would cut the name to 63 bytes, and could match another role.
  const found = await query(trx, 'select 1 from pg_roles where rolname::text = ?', [role])
  if (found.length > 0) return
  throw invalidInput(
    `There is no role ${quote(role)} on this server. Create it first, with CREATE ROLE.`,
  )
}

const GRANTEE = `current_setting('tickets.grantee')`
const SCHEMA = `(select relnamespace::regnamespace from pg_class where oid = 'shows'::regclass)`

const NEEDED = `(values
  ('knex_migrations', 'select'),
  ('shows', 'select'), ('shows', 'insert'), ('show_words', 'select'),
  ('plans', 'select'), ('plans', 'insert'),
  ('bookings', 'select'), ('bookings', 'insert'),
  ('history', 'select'),
  -- A clerk who verifies compares it with the history.
  ('history_id_seq', 'select'),
  ('admissions', 'select'), ('admissions', 'insert'),
  -- Undoing a check-in deletes its row; the history keeps both.
  ('admissions', 'delete'),
  -- Tokens are read to authenticate requests; only the owner creates and revokes them.
  ('api_tokens', 'select')
) as needed (name, privilege)`

/**
 * The columns that the grantee may change: all but a row's identity. Read from the catalogue, so
 * that a grant after an upgrade includes new columns.
 */
const WRITABLE = `(
  select attrelid::regclass as name, attnum as number, quote_ident(attname) as column
  from pg_attribute
  where attrelid in ('shows'::regclass, 'bookings'::regclass) and attnum > 0 and not attisdropped
    and attname <> all ('{id,reference,key_scope,key_request,created_at}')
) as writable`

// GRANT takes no parameters, and the server quotes its own names best.
const GRANT = `do $$
declare
  grantee constant text := quote_ident(${GRANTEE});
  given record;
begin
  -- On most servers every role has these two, and this login may not be allowed to grant them.
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

// GRANT only warns about privileges that it cannot grant.
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
