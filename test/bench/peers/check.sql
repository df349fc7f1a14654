-- Whether a peer sold what it says. Seats that were sold before have the booking 0.
select
  (select count(*)::int from peers.bookings where status = 'CONFIRMED') as confirmed,
  (select count(*)::int from peers.bookings where status = 'FAILED') as refused,
  (select count(*)::int from peers.bookings where status <> 'PENDING') -
    (select count(distinct booking)::int from peers.history) as without_history,
  (select count(*)::int from (
    select from peers.bookings where status = 'CONFIRMED'
    group by show, seat having count(*) > 1
  ) as twice) as sold_twice,
  (select count(*)::int
   from (select * from peers.bookings where status = 'CONFIRMED') as bookings
   full join (select * from peers.seats where booking <> '00000000-0000-0000-0000-000000000000') as seats
     on seats.show = bookings.show and seats.seat = bookings.seat and seats.booking = bookings.id
   where bookings.id is null or seats.seat is null) as lost
