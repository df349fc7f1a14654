-- Skip locked: any free seat that no other buyer holds the lock of.
-- Nobody waits for a lock. Its weakness: it cannot sell the seat that a buyer asks for, and each
-- buyer passes over the seats that others are taking, and those that were sold just now. Without
-- an index of the free seats (see peers.ts) it would pass over all that are sold.

-- The PENDING record of the next seat: committed, without waiting for the disk.
insert into peers.bookings (show, seat)
select turn / :seats::int, turn % :seats::int + 1
from nextval('peers.turns') as turn, set_config('synchronous_commit', 'off', true)
returning id as booking, show, seat \gset

with free as (
  select show, seat from peers.seats
  where show = :show::int and booking is null
  order by seat
  limit 1
  for update skip locked
),
sold as (
  update peers.seats set booking = :booking::uuid
  from free
  where seats.show = free.show and seats.seat = free.seat
  returning seats.seat
),
verdict as (
  update peers.bookings
  set status = case when exists (select from sold) then 'CONFIRMED' else 'FAILED' end,
      seat = coalesce((select seat from sold), seat),
      failure = case when not exists (select from sold) then '{"code":"SEATS_TAKEN"}'::jsonb end,
      pending_until = null, updated_at = clock_timestamp()
  where id = :booking::uuid and status = 'PENDING'
  returning id, show, seat, status, failure
)
insert into peers.history (show, booking, action, after)
select show, id, lower(status), jsonb_build_object('show', show, 'seat', seat, 'status', status, 'failure', failure)
from verdict;
