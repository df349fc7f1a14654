import type { Knex } from 'knex'

/**
 * Shows and their bookings.
 *
 * `booked_seats` holds a show's sold seats as bits (bit n−1 is seat n). Every sale rewrites the row,
 * and as bits it takes 12.5 kB in a house of 100,000 seats. The check that compares the bits with
 * the count proves that no seat is sold twice: a sale merges its bits by OR and raises the count by
 * addition, so a seat that is sold twice makes the two disagree.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table shows (
      id uuid primary key,
      name text not null
        constraint shows_name_length check (char_length(name) between 1 and 200),
      start_time timestamptz not null,
      time_zone text not null,
      total_seats integer not null
        constraint shows_total_seats_range check (total_seats between 1 and 100000),
      seats_per_row integer
        constraint shows_seats_per_row_range check (seats_per_row between 1 and total_seats),
      booked_seats bytea not null,
      confirmed_seats_count integer not null default 0,
      cancelled_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint shows_count_matches_bits check (bit_count(booked_seats) = confirmed_seats_count),
      constraint shows_bits_fit_house check (
        octet_length(booked_seats) = (total_seats + 7) / 8
        and get_byte(booked_seats, (total_seats - 1) / 8) >> ((total_seats - 1) % 8 + 1) = 0
      )
    ) with (fillfactor = 50)
  `)
  await knex.raw('create index shows_start_time_id on shows (start_time, id)')
  await knex.raw('create index shows_name on shows (name)')
  await knex.raw(`create index shows_name_words on shows using gin (to_tsvector('simple', name))`)

  await knex.raw(`
    create table bookings (
      id uuid primary key,
      reference text not null
        constraint bookings_reference_unique unique
        constraint bookings_reference_form check (reference ~ '^[2-9A-HJKMNP-TV-Z]{8}$'),
      show_id uuid not null
        constraint bookings_show_exists references shows (id),
      status text not null
        constraint bookings_status_known
        check (status in ('PENDING', 'HELD', 'CONFIRMED', 'FAILED', 'CANCELLED')),
      seats integer[] not null
        constraint bookings_seats_in_range check (0 < all (seats) and 100000 >= all (seats)),
      customer text
        constraint bookings_customer_length check (char_length(customer) between 1 and 200),
      note text
        constraint bookings_note_length check (char_length(note) between 1 and 1000),
      key text
        constraint bookings_key_unique unique
        constraint bookings_key_length check (char_length(key) between 1 and 200),
      key_request text,
      pending_until timestamptz,
      held_until timestamptz,
      failure jsonb,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint bookings_sold_or_held_have_seats
        check (status not in ('HELD', 'CONFIRMED') or cardinality(seats) > 0),
      constraint bookings_pending_has_bound
        check ((status = 'PENDING') = (pending_until is not null)),
      constraint bookings_only_holds_expire check (held_until is null or status = 'HELD'),
      constraint bookings_failed_has_reason
        check ((status = 'FAILED') = (failure is not null)),
      constraint bookings_key_has_request check (key is null or key_request is not null)
    )
  `)
  await knex.raw('create index bookings_show_id on bookings (show_id, id)')
  await knex.raw(
    `create index bookings_pending on bookings (show_id, pending_until) where status = 'PENDING'`,
  )
  await knex.raw(`create index bookings_held on bookings (show_id) where status = 'HELD'`)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table bookings')
  await knex.raw('drop table shows')
}
