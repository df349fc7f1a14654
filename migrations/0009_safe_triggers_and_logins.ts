import type { Knex } from 'knex'

/**
 * Triggers that cannot run a clerk's code, and the login of each event in the history.
 *
 * The trigger functions write what a clerk may not write, with the rights of their owner. PostgreSQL
 * searches a session's temporary tables first, unless its search path names them elsewhere: a clerk's
 * temporary table `history` received the events, and its triggers ran with the owner's rights. Three
 * rules keep a clerk's objects out:
 *
 * - The search path is fixed: PostgreSQL's objects, the schema's, temporary ones last.
 * - In a schema where other roles may create objects, PostgreSQL prefers their function or operator
 *   to its own when it fits the types better. So `pg_catalog` is named with every function, and with
 *   every operator except those that compare two values of one type that is no array.
 * - A trigger function serves its own table only, and only its owner may create triggers with it. On
 *   a clerk's table, it would record whatever the clerk writes there.
 *
 * PostgreSQL resolves the names in `booking_facts`, `show_facts` and `words_of` when they are
 * created, not when they run: the condition of the trigger `record_changed_show` runs with the
 * clerk's search path.
 *
 * The history keeps the login beside the operator: a client chooses its operator, but not its login.
 */
export async function up(knex: Knex): Promise<void> {
  await inSchemaOfShows(knex, async () => {
    await knex.raw('alter table history add column login text')
    await createFunctions(knex, 'with login')
    await knex.raw(`revoke execute on function ${TRIGGER_FUNCTIONS.join(', ')} from public`)
  })
}

/** Removes the login, but keeps the three rules: to drop them would restore no data. */
export async function down(knex: Knex): Promise<void> {
  await inSchemaOfShows(knex, async () => {
    await createFunctions(knex, 'without login')
    await knex.raw('alter table history drop column login')
  })
}

const TRIGGER_FUNCTIONS = [
  'record_new_booking()',
  'record_changed_bookings()',
  'record_deleted_bookings()',
  'record_admissions()',
  'record_show()',
  'keep_show_words()',
  'add_show_id()',
  'history_is_append_only()',
]

/** Works in the schema of the tables, wherever it is in this login's search path. */
async function inSchemaOfShows(knex: Knex, work: () => Promise<void>): Promise<void> {
  await knex.raw(`
    select ${SET}('tickets.search_path', pg_catalog.current_setting('search_path'), true),
           ${SET}('tickets.schema', pg_catalog.quote_ident(nspname), true),
           ${SET}('search_path', pg_catalog.quote_ident(nspname) || ', pg_temp', true)
    from pg_catalog.pg_class join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    where pg_class.oid operator(pg_catalog.=) 'shows'::pg_catalog.regclass
  `)
  await work()
  await knex.raw(`
    select ${SET}('search_path', pg_catalog.current_setting('tickets.search_path'), true)
  `)
}

const SET = 'pg_catalog.set_config'

async function createFunctions(knex: Knex, login: 'with login' | 'without login'): Promise<void> {
  for (const definition of [...calledFunctions, ...triggerFunctions(login === 'with login')]) {
    await knex.raw(definition)
  }
  await knex.raw(`
    select ${SET}('search_path',
                  'pg_catalog, ' || pg_catalog.current_setting('tickets.schema') || ', pg_temp', true)
  `)
  for (const name of TRIGGER_FUNCTIONS) {
    await knex.raw(`alter function ${name} set search_path from current`)
  }
}

const calledFunctions = [
  `create or replace function booking_facts(booking bookings) returns jsonb
   language sql stable
   return pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
     'show_id', booking.show_id, 'status', booking.status, 'seats', booking.seats,
     'customer', booking.customer, 'note', booking.note, 'held_until', booking.held_until,
     'failure', booking.failure operator(pg_catalog.->>) 'code',
     'cancelled_seats',
     case when pg_catalog.cardinality(booking.cancelled_seats) > 0 then booking.cancelled_seats end,
     'cancel_reason', booking.cancel_reason, 'split_from', booking.split_from
   ))`,

  `create or replace function show_facts(show shows) returns jsonb
   language sql stable
   return pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
     'name', show.name, 'start_time', show.start_time, 'time_zone', show.time_zone,
     'total_seats', show.total_seats, 'seats_per_row', show.seats_per_row,
     'cancelled_at', show.cancelled_at
   ))`,

  `create or replace function words_of(name text) returns setof bytea
   language sql stable
   begin atomic
     select pg_catalog.convert_to(word, 'UTF8')
     from pg_catalog.unnest(
       pg_catalog.tsvector_to_array(pg_catalog.to_tsvector('pg_catalog.simple', name))
     ) as word;
   end`,
]

function triggerFunctions(hasLogin: boolean): string[] {
  const who = hasLogin ? 'operator, command, login' : 'operator, command'
  const whoIsIt = `pg_catalog.current_setting('tickets.operator', true),
             pg_catalog.current_setting('tickets.command', true)${hasLogin ? ', session_user' : ''}`
  const define = (name: string, table: string, body: string, settings = '') => `
    create or replace function ${name}() returns trigger
    language plpgsql security definer ${settings} as $$
    begin
      if tg_relid operator(pg_catalog.<>) '${table}'::regclass then
        raise exception '${name} runs on the table ${table} only'
          using errcode = 'insufficient_privilege';
      end if;
      ${body}
    end $$
  `
  return [
    define(
      'record_new_booking',
      'bookings',
      `insert into history (show_id, booking_id, action, ${who}, after)
      values (new.show_id, new.id, pg_catalog.lower(new.status), ${whoIsIt}, booking_facts(new));
      perform pg_catalog.pg_notify('tickets_seats', new.show_id::text);
      return null;`,
    ),
    // Runs for every booking that is sold, so it computes the facts once for each row.
    define(
      'record_changed_bookings',
      'bookings',
      `insert into history (show_id, booking_id, action, ${who}, before, after)
      select now_show, id,
             case when old_status <> new_status then pg_catalog.lower(new_status)
                  when old_show <> now_show
                       or not old_seats operator(pg_catalog.<@) new_seats
                          and not new_seats operator(pg_catalog.<@) old_seats then 'moved'
                  when old_seats operator(pg_catalog.<>) new_seats then 'reduced'
                  else 'edited' end,
             ${whoIsIt}, old_facts, new_facts
      from (
        select now.id, now.show_id as now_show, was.show_id as old_show, now.status as new_status,
               was.status as old_status, now.seats as new_seats, was.seats as old_seats,
               case when was.status <> 'PENDING' then booking_facts(was) end as old_facts,
               booking_facts(now) as new_facts
        from changed now join previous was on was.id = now.id
        offset 0
      ) as change
      where old_facts is distinct from new_facts;
      perform pg_catalog.pg_notify('tickets_seats', show_id::text)
      from (select show_id from changed union select show_id from previous) as shows_changed;
      return null;`,
      // Otherwise the plan of a session's first change compares each old row with each new one.
      'set enable_nestloop = off set enable_hashjoin = on',
    ),
    define(
      'record_deleted_bookings',
      'bookings',
      `insert into history (show_id, booking_id, action, ${who}, before)
      select show_id, id, 'deleted', ${whoIsIt}, booking_facts(gone)
      from gone where status <> 'PENDING';
      return null;`,
    ),
    define(
      'record_admissions',
      'admissions',
      `if tg_op = 'INSERT' then
        insert into history (show_id, booking_id, action, ${who}, after)
        select show_id, booking_id, 'checked in', ${whoIsIt},
               pg_catalog.jsonb_build_object('seats', pg_catalog.array_agg(seat order by seat))
        from moved group by show_id, booking_id;
      else
        insert into history (show_id, booking_id, action, ${who}, before)
        select show_id, booking_id, 'check-in undone', ${whoIsIt},
               pg_catalog.jsonb_build_object('seats', pg_catalog.array_agg(seat order by seat))
        from moved group by show_id, booking_id;
      end if;
      return null;`,
    ),
    define(
      'record_show',
      'shows',
      `if tg_op = 'DELETE' then
        insert into history (show_id, action, ${who}, before)
        values (old.id, 'deleted', ${whoIsIt}, show_facts(old));
        return null;
      end if;
      insert into history (show_id, action, ${who}, before, after)
      values (new.id,
              case when tg_op = 'INSERT' then 'created'
                   when old.cancelled_at is null and new.cancelled_at is not null then 'cancelled'
                   else 'edited' end,
              ${whoIsIt},
              case when tg_op = 'UPDATE' then show_facts(old) end, show_facts(new));
      return null;`,
    ),
    define(
      'keep_show_words',
      'shows',
      `if tg_op = 'TRUNCATE' then
        truncate show_words;
        return null;
      end if;
      if tg_op <> 'INSERT' then
        delete from show_words
        where word in (select words_of(old.name)) and start_time = old.start_time and id = old.id;
      end if;
      if tg_op <> 'DELETE' then
        insert into show_words select words_of(new.name), new.start_time, new.id;
      end if;
      return null;`,
    ),
    define(
      'add_show_id',
      'shows',
      `insert into show_ids (id) values (new.id);
      return null;`,
    ),
  ]
}
