-- Serializable: looks whether the seat is free and sells it, with no lock and no condition. The
-- server finds out when two transactions disturbed each other, and refuses one, which is repeated.
-- Its weakness: it remembers what each transaction has read. Here that is one row; a transaction
-- that counts the free seats, or looks for the best, is disturbed by each sale, and repeated.

-- The PENDING record of the next seat: committed, without waiting for the disk.
insert into peers.bookings (show, seat)
select turn / :seats::int, turn % :seats::int + 1
from nextval('peers.turns') as turn, set_config('synchronous_commit', 'off', true)
returning id as booking, show, seat \gset

begin isolation level serializable;
select booking is null as free from peers.seats where show = :show::int and seat = :seat::int \gset
with sold as (
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
