import type pg from 'pg'

/** An object of a database, or of the whole server. */
export interface CatalogObject {
  id: string
  /** Its kind and its name, such as 'table column public.shows.stage'. */
  name: string
  /** The ids of the objects that it is a part of: an index is dropped with its table. */
  wholes: string[]
}

/**
 * Lists what was created in a database since initdb, and its settings; in the database `tickets`
 * also what belongs to the whole server, such as roles.
 */
export async function catalogObjects(client: pg.Client): Promise<CatalogObject[]> {
  const catalogs = await client.query<{ name: string; class: string }>(CATALOGS)
  const sources = catalogs.rows.map(
    (catalog) => `select '${catalog.class}'::regclass::oid, oid, 0 from ${catalog.name}`,
  )
  const { rows } = await client.query<CatalogObject>(objectsIn(sources))
  return rows
}

/**
 * Returns the names of the objects that are not in `known`; leaves out the parts of such objects.
 */
export function namesOfOthers(
  objects: readonly CatalogObject[],
  known: readonly CatalogObject[],
): string[] {
  const knownNames = new Set(known.map(({ name }) => name))
  const others = objects.filter(({ name }) => !knownNames.has(name))
  const ids = new Set(others.map(({ id }) => id))
  return others.filter(({ wholes }) => !wholes.some((id) => ids.has(id))).map(({ name }) => name)
}

/** The catalogs whose rows are objects. The values of an enumeration are in its type. */
const CATALOGS = `
  select relname as name,
         case relname when 'pg_largeobject_metadata' then 'pg_largeobject' else relname end as class
  from pg_class join pg_attribute on attrelid = pg_class.oid
  where relnamespace = 'pg_catalog'::regnamespace and relkind = 'r' and attname = 'oid'
    and relname <> 'pg_enum'
    and (current_database() = 'tickets' or not relisshared)`

/** What initdb creates has a lower number. */
const FIRST_OID = 16_384

/** Leaves out objects that only PostgreSQL itself, or a test of this program, creates. */
const objectsIn = (sources: string[]) => `
  with objects (class, object, part) as (
    ${sources.join(' union all ')}
    union all
    select 'pg_class'::regclass::oid, attrelid, attnum
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where attnum > 0 and not attisdropped and relkind in ('r', 'p')
  )
  select concat_ws(' ', class, object, part) as id,
         type || ' ' || identity as name,
         array(
           select concat_ws(' ', refclassid, refobjid, refobjsubid) from pg_depend
           where classid = class and objid = object and objsubid = part
             and deptype in ('a', 'i', 'e', 'P', 'S')
           union all
           select concat_ws(' ', class, object, 0) where part > 0
         ) as wholes
  from objects, pg_identify_object(class, object, part)
  where object >= ${FIRST_OID}
    and identity !~ '^"RI_ConstraintTrigger|\\m(pg_toast|pg_temp_\\d+|tickets_throwaway_\\w+)(\\.|$)'
  union all
  select '',
         format('setting %s of %s', split_part(setting, '=', 1),
                concat_ws(' in ', coalesce('role ' || quote_ident(rolname),
                                           case when setdatabase = 0 then 'all roles' end),
                                  'database ' || quote_ident(datname))),
         '{}'
  from pg_db_role_setting cross join unnest(setconfig) as setting
    left join pg_roles on pg_roles.oid = setrole
    left join pg_database on pg_database.oid = setdatabase
  where current_database() = 'tickets'`
