import { SeatSet } from '../../src/house/seat-set.js'
import type { SeatLayout } from '../../src/house/seats.js'
import type { House } from '../../src/terminal/seat-map/house.js'

/** A house with these seats booked and held. */
export function houseOf(
  layout: SeatLayout,
  { booked = [], held = [] }: { booked?: number[]; held?: number[] } = {},
): House {
  const { totalSeats } = layout
  return {
    ...layout,
    booked: SeatSet.of(booked, totalSeats),
    held: SeatSet.of(held, totalSeats),
  }
}

/** A house whose first `count` seats are booked (default: all). */
export function soldHouse(layout: SeatLayout, count = layout.totalSeats): House {
  return houseOf(layout, { booked: Array.from({ length: count }, (_, index) => index + 1) })
}
