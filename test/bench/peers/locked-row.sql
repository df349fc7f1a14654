-- Locked row: each buyer locks the show, looks whether the seat is free, sells it and commits.
-- The way of most booking systems: what is read under the lock stays true, be it one seat or all.
-- Its weakness: the buyers of a show queue for its lock, each for the trips and the wait for the
-- disk of all before.

-- The PENDING record of the next seat: committed, without waiting for the disk.
insert into peers.bookings (show, seat)
select turn / :seats::int, turn % :seats::int + 1
from nextval('peers.turns') as turn, set_config('synchronous_commit', 'off', true)
returning id as booking, show, seat \gset

begin;
select sold from peers.shows where show = :show::int for no key update;
select booking is null as free from peers.seats where show = :show::int and seat = :seat::int \gset
with counted as (
  update peers.shows set sold = sold + 1 where show = :show::int and :free::bool
),
sold as (
  update peers.seats set booking = :booking::uuid
  where show = :show::int and seat = :seat::int and :free::bool
  returning seat
),
verdict as (
  update peers.bookings
  set status = case when exists (select from sold) then 'CONFIRMED' else 'FAILED' end,
      failure = case when not exists (select from sold) then '{"code":"SEATS_TAKEN"}'::jsonb end,
      pending_until = null, updated_at = clock_timestamp()
  where id = :booking::uuid and status = 'PENDING'
  returning id, show, seat, status, failure
)
insert into peers.history (show, booking, action, after)
select show, id, lower(status), jsonb_build_object('show', show, 'seat', seat, 'status', status, 'failure', failure)
from verdict;
commit;
