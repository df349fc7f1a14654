-- The map of the first show, as every peer reads it.
select seat, booking is not null as is_sold from peers.seats where show = 0 order by seat;
