import type { Knex } from 'knex'

/**
 * Later changes to a booking (confirm, move, cancel, check in), and the history of all changes.
 *
 * Triggers write `history` in the transaction of the change itself, so no code path can omit it.
 * They run once per statement, not once per row, so a batch of a thousand sales costs one insert.
 * The operator and the command come from the session: `tickets.operator`, `tickets.command`. The
 * triggers run as the schema's owner, so a clerk, who may write bookings, cannot write history.
 * They also notify the channel `tickets_seats` of each show whose seats have changed.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table bookings
      add column split_from uuid constraint bookings_split_exists references bookings (id),
      add column cancelled_seats integer[] not null default '{}',
      add column cancel_reason text
        constraint bookings_cancel_reason_length check (char_length(cancel_reason) between 1 and 1000)
  `)
  await knex.raw(
    'create index bookings_split_from on bookings (split_from) where split_from is not null',
  )
  await knex.raw(
    `create index bookings_customer_words on bookings using gin (to_tsvector('simple', customer))
     where customer is not null`,
  )

  // The primary key ensures that a seat is checked in only once.
  await knex.raw(`
    create table admissions (
      show_id uuid not null constraint admissions_show_exists references shows (id),
      seat integer not null constraint admissions_seat_range check (seat between 1 and 100000),
      booking_id uuid not null constraint admissions_booking_exists references bookings (id),
      admitted_at timestamptz not null default clock_timestamp(),
      primary key (show_id, seat)
    )
  `)
  await knex.raw('create index admissions_booking on admissions (booking_id)')

  await knex.raw(`
    create table history (
      id bigint generated always as identity primary key,
      at timestamptz not null default clock_timestamp(),
      show_id uuid not null,
      booking_id uuid,
      action text not null,
      operator text,
      command text,
      before jsonb,
      after jsonb
    )
  `)
  await knex.raw('create index history_booking on history (booking_id, id)')
  await knex.raw('create index history_show on history (show_id, id)')
  await knex.raw(
    `create index history_left_show on history ((before ->> 'show_id'), id)
     where before ->> 'show_id' <> show_id::text`,
  )
  await knex.raw(`
    create function history_is_append_only() returns trigger language plpgsql as $$
    begin
      raise exception 'the history is append-only' using errcode = 'insufficient_privilege';
    end $$
  `)
  await knex.raw(`
    create trigger history_is_append_only before update or delete or truncate on history
    for each statement execute function history_is_append_only()
  `)

  await knex.raw(`
    create function booking_facts(booking bookings) returns jsonb language plpgsql as $$
    begin
      return jsonb_strip_nulls(jsonb_build_object(
        'show_id', booking.show_id, 'status', booking.status, 'seats', booking.seats,
        'customer', booking.customer, 'note', booking.note, 'held_until', booking.held_until,
        'failure', booking.failure ->> 'code', 'cancelled_seats', nullif(booking.cancelled_seats, '{}'),
        'cancel_reason', booking.cancel_reason, 'split_from', booking.split_from
      ));
    end $$
  `)
  // A PENDING record is no event; its outcome is one. The only rows inserted in another state are
  // seats that are sold from a hold, which are few, so this trigger may run once per row.
  await knex.raw(`
    create function record_new_booking() returns trigger language plpgsql
    security definer set search_path from current as $$
    begin
      insert into history (show_id, booking_id, action, operator, command, after)
      values (new.show_id, new.id, lower(new.status), current_setting('tickets.operator', true),
              current_setting('tickets.command', true), booking_facts(new));
      perform pg_notify('tickets_seats', new.show_id::text);
      return null;
    end $$
  `)
  await knex.raw(`
    create trigger record_new_booking after insert on bookings
    for each row when (new.status <> 'PENDING') execute function record_new_booking()
  `)
  // Computes the facts once for each row, because this runs for every booking that is sold.
  await knex.raw(`
    create function record_changed_bookings() returns trigger language plpgsql
    security definer set search_path from current as $$
    begin
      insert into history (show_id, booking_id, action, operator, command, before, after)
      select now_show, id,
             case when old_status <> new_status then lower(new_status)
                  when old_show <> now_show
                       or not old_seats <@ new_seats and not new_seats <@ old_seats then 'moved'
                  when old_seats <> new_seats then 'reduced'
                  else 'edited' end,
             current_setting('tickets.operator', true), current_setting('tickets.command', true),
             old_facts, new_facts
      from (
        select now.id, now.show_id as now_show, was.show_id as old_show, now.status as new_status,
               was.status as old_status, now.seats as new_seats, was.seats as old_seats,
               case when was.status <> 'PENDING' then booking_facts(was) end as old_facts,
               booking_facts(now) as new_facts
        from changed now join previous was on was.id = now.id
        offset 0
      ) as change
      where old_facts is distinct from new_facts;
      perform pg_notify('tickets_seats', show_id::text)
      from (select show_id from changed union select show_id from previous) as shows_changed;
      return null;
    end $$
  `)
  await knex.raw(`
    create trigger record_changed_bookings after update on bookings
    referencing old table as previous new table as changed
    for each statement execute function record_changed_bookings()
  `)
  // The program deletes nothing, but a deletion by other means is recorded, too.
  await knex.raw(`
    create function record_deleted_bookings() returns trigger language plpgsql
    security definer set search_path from current as $$
    begin
      insert into history (show_id, booking_id, action, operator, command, before)
      select show_id, id, 'deleted', current_setting('tickets.operator', true),
             current_setting('tickets.command', true), booking_facts(gone)
      from gone where status <> 'PENDING';
      return null;
    end $$
  `)
  await knex.raw(`
    create trigger record_deleted_bookings after delete on bookings
    referencing old table as gone for each statement execute function record_deleted_bookings()
  `)
  await knex.raw(`
    create function record_admissions() returns trigger language plpgsql
    security definer set search_path from current as $$
    begin
      if tg_op = 'INSERT' then
        insert into history (show_id, booking_id, action, operator, command, after)
        select show_id, booking_id, 'checked in', current_setting('tickets.operator', true),
               current_setting('tickets.command', true),
               jsonb_build_object('seats', array_agg(seat order by seat))
        from moved group by show_id, booking_id;
      else
        insert into history (show_id, booking_id, action, operator, command, before)
        select show_id, booking_id, 'check-in undone', current_setting('tickets.operator', true),
               current_setting('tickets.command', true),
               jsonb_build_object('seats', array_agg(seat order by seat))
        from moved group by show_id, booking_id;
      end if;
      return null;
    end $$
  `)
  await knex.raw(`
    create trigger record_admissions after insert on admissions
    referencing new table as moved for each statement execute function record_admissions()
  `)
  await knex.raw(`
    create trigger record_admissions_undone after delete on admissions
    referencing old table as moved for each statement execute function record_admissions()
  `)

  await knex.raw(`
    create function show_facts(show shows) returns jsonb language sql stable as $$
      select jsonb_strip_nulls(jsonb_build_object(
        'name', show.name, 'start_time', show.start_time, 'time_zone', show.time_zone,
        'total_seats', show.total_seats, 'seats_per_row', show.seats_per_row,
        'cancelled_at', show.cancelled_at
      ))
    $$
  `)
  await knex.raw(`
    create function record_show() returns trigger language plpgsql
    security definer set search_path from current as $$
    begin
      if tg_op = 'DELETE' then
        insert into history (show_id, action, operator, command, before)
        values (old.id, 'deleted', current_setting('tickets.operator', true),
                current_setting('tickets.command', true), show_facts(old));
        return null;
      end if;
      insert into history (show_id, action, operator, command, before, after)
      values (new.id,
              case when tg_op = 'INSERT' then 'created'
                   when old.cancelled_at is null and new.cancelled_at is not null then 'cancelled'
                   else 'edited' end,
              current_setting('tickets.operator', true), current_setting('tickets.command', true),
              case when tg_op = 'UPDATE' then show_facts(old) end, show_facts(new));
      return null;
    end $$
  `)
  await knex.raw(`
    create trigger record_new_show after insert or delete on shows
    for each row execute function record_show()
  `)
  // Only these columns: a sale changes the others, and is recorded as an event of its booking.
  await knex.raw(`
    create trigger record_changed_show
    after update of name, start_time, time_zone, total_seats, seats_per_row, cancelled_at on shows
    for each row when (show_facts(old) is distinct from show_facts(new))
    execute function record_show()
  `)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop trigger record_changed_show on shows')
  await knex.raw('drop trigger record_new_show on shows')
  await knex.raw('drop function record_show')
  await knex.raw('drop function show_facts')
  await knex.raw('drop trigger record_changed_bookings on bookings')
  await knex.raw('drop trigger record_new_booking on bookings')
  await knex.raw('drop trigger record_deleted_bookings on bookings')
  await knex.raw(
    'drop function record_new_booking, record_changed_bookings, record_deleted_bookings',
  )
  await knex.raw('drop function booking_facts')
  await knex.raw('drop table admissions')
  await knex.raw('drop function record_admissions')
  await knex.raw('drop table history')
  await knex.raw('drop function history_is_append_only')
  await knex.raw('drop index bookings_customer_words')
  await knex.raw(
    'alter table bookings drop column split_from, drop column cancelled_seats, drop column cancel_reason',
  )
}
