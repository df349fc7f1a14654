-- The tables of the peers: what a good programmer makes to sell single seats fast, and no more.
-- Each seat is a row. The records are those of `tickets`: a booking, committed as PENDING, becomes
-- CONFIRMED or FAILED with its reason, and the history gets a row for that, in the transaction that
-- is on disk when the buyer is answered. There is no foreign key: it would lock the show's row.
drop schema if exists peers cascade;
create schema peers;
create table peers.shows (
  show integer primary key,
  sold integer not null default 0
) with (fillfactor = 50);
create table peers.seats (
  show integer,
  seat integer,
  booking uuid,
  primary key (show, seat)
) with (fillfactor = 50);
-- Which seat the next buyer asks for, counted over all shows.
create sequence peers.turns minvalue 0;
create sequence peers.references;
create table peers.bookings (
  id uuid primary key default uuidv7(),
  reference text not null unique default lpad(nextval('peers.references')::text, 8, '0'),
  show integer not null,
  seat integer not null,
  status text not null default 'PENDING',
  failure jsonb,
  pending_until timestamptz default clock_timestamp() + interval '90 s',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
) with (fillfactor = 50);
create index on peers.bookings (show, created_at, id);
create table peers.history (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  show integer not null,
  booking uuid not null,
  action text not null,
  after jsonb
);
create index on peers.history (booking, id);
create index on peers.history (show, id);
