-- The same protocol for pgbench; the seat is chosen under the lock, as clients share no counter.
insert into bookings (id, reference, show_id, status, seats, pending_until) values (gen_random_uuid(), translate(lpad(to_hex(nextval('bench_references')), 8, '0'), '01abcdef', 'GHABCDEF'), :show::uuid, 'PENDING', '{}', clock_timestamp() + interval '90 s') returning id as booking \gset
begin;
select confirmed_seats_count as seats from shows where id = :show::uuid for update \gset
select 'own' as role, bookings.* from bookings where id = :booking::uuid union all select 'hold', bookings.* from bookings where show_id = :show::uuid and status = 'HELD' and (held_until is null or held_until > clock_timestamp());
update shows set booked_seats = set_bit(booked_seats, :seats::bigint, 1), confirmed_seats_count = confirmed_seats_count + 1, updated_at = clock_timestamp() where id = :show::uuid;
update bookings set status = 'CONFIRMED', seats = array[:seats::int + 1], pending_until = null, updated_at = clock_timestamp() where id = :booking::uuid and status = 'PENDING' returning *;
commit;
