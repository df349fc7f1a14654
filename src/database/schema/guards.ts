import type { Knex } from 'knex'
import { query } from '../sql.js'

/** The triggers that the program needs, by table. */
export const TRIGGERS: Record<string, readonly string[]> = {
  admissions: ['record_admissions', 'record_admissions_undone'],
  bookings: ['record_changed_bookings', 'record_deleted_bookings', 'record_new_booking'],
  history: ['history_is_append_only'],
  shows: [
    'add_show_id',
    'empty_show_words',
    'keep_show_words',
    'record_changed_show',
    'record_new_show',
  ],
}

/** The constraints that the program needs, by table. */
export const CONSTRAINTS: Record<string, readonly string[]> = {
  admissions: [
    'admissions_booking_exists',
    'admissions_pkey',
    'admissions_seat_range',
    'admissions_show_exists',
  ],
  api_tokens: [
    'api_tokens_hash_length',
    'api_tokens_id_form',
    'api_tokens_name_length',
    'api_tokens_pkey',
    'api_tokens_role_known',
  ],
  bookings: [
    'bookings_cancel_reason_length',
    'bookings_customer_length',
    'bookings_failed_has_reason',
    'bookings_key_has_request',
    'bookings_key_length',
    'bookings_note_length',
    'bookings_only_holds_expire',
    'bookings_pending_has_bound',
    'bookings_pkey',
    'bookings_reference_form',
    'bookings_reference_unique',
    'bookings_seats_in_range',
    'bookings_show_exists',
    'bookings_sold_or_held_have_seats',
    'bookings_split_exists',
    'bookings_status_known',
  ],
  history: ['history_pkey'],
  plans: [
    'plans_id_is_hash',
    'plans_id_total_seats_unique',
    'plans_pkey',
    'plans_total_seats_range',
  ],
  show_ids: ['show_ids_pkey', 'show_ids_show_exists'],
  show_words: ['show_words_pkey'],
  shows: [
    'shows_bits_fit_house',
    'shows_count_matches_bits',
    'shows_name_length',
    'shows_pkey',
    'shows_plan_exists',
    'shows_plan_has_the_rows',
    'shows_seats_per_row_range',
    'shows_total_seats_range',
  ],
}

/** Migration 0013 adds it without reading the rows that exist. */
export const NOT_VALIDATED: readonly string[] = ['bookings_seats_in_range']

/** A trigger or a constraint that does not do its work. */
export interface BrokenGuard {
  kind: 'trigger' | 'constraint'
  name: string
  table: string
  /** 'is missing' */
  fault: string
}

/** Finds the triggers and constraints of the program that are missing, disabled or not validated. */
export function findBrokenGuards(knex: Knex): Promise<BrokenGuard[]> {
  const guards = [...listed(TRIGGERS, 'trigger'), ...listed(CONSTRAINTS, 'constraint')]
  return query<BrokenGuard>(knex, BROKEN, [
    guards.map(({ kind }) => kind),
    guards.map(({ table }) => table),
    guards.map(({ name }) => name),
    [...NOT_VALIDATED],
  ])
}

function listed(guards: Record<string, readonly string[]>, kind: BrokenGuard['kind']) {
  return Object.entries(guards).flatMap(([table, names]) =>
    names.map((name) => ({ kind, table, name })),
  )
}

const BROKEN = `
  select kind, name, "table", fault
  from unnest(?::text[], ?::text[], ?::text[]) as guard (kind, "table", name)
  left join pg_trigger on kind = 'trigger'
    and tgrelid = to_regclass("table") and tgname = name and not tgisinternal
  left join pg_constraint on kind = 'constraint'
    and conrelid = to_regclass("table") and conname = name
  cross join lateral (
    select case when tgname is null and conname is null then 'is missing'
                when tgenabled not in ('O', 'A') then 'is disabled'
                when not convalidated and name <> all (?::text[]) then 'is not validated' end as fault
  ) as found
  where fault is not null
  order by kind, "table", name`
