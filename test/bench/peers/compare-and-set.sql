-- Compare and set: the seat's row is updated if it is free, in one statement that is a transaction.
-- No two buyers of different seats wait for each other, and one update takes one trip.
-- Its weakness: each buyer costs the server a transaction and a wait for the disk of its own.

-- The PENDING record of the next seat: committed, without waiting for the disk.
insert into peers.bookings (show, seat)
select turn / :seats::int, turn % :seats::int + 1
from nextval('peers.turns') as turn, set_config('synchronous_commit', 'off', true)
returning id as booking, show, seat \gset

with sold as (
  update peers.seats set booking = :booking::uuid
  where show = :show::int and seat = :seat::int and booking is null
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
