import { chooseAround, countAccessible } from '../../house/best-available.js'
import { rowsOf } from '../../house/rows.js'
import { SeatSet } from '../../house/seat-set.js'
import { formatSeats, type SeatLayout, seatLabel } from '../../house/seats.js'
import { formatNumber } from '../../shared/numbers.js'
import type { SeatCounts, SeatState } from '../render/seat-signs.js'
import { type House, stateIn } from '../seat-map/house.js'

/** The state of a seat picker. Immutable: every step makes a new one. */
export interface Picking {
  readonly house: House
  /** The booked and held seats, which cannot be picked. */
  readonly taken: SeatSet
  readonly picked: SeatSet
  /** The number of seats to pick in exchange for others; undefined: any number, to be booked. */
  readonly exchange: number | undefined
  /** The seat under the cursor. */
  readonly cursor: number
  /** Picked seats that another booking took, until the user reacts. */
  readonly lost: readonly number[]
  /** The typed part of a label or number. */
  readonly typed: Typed
  /**
   * In a house that is too large for the screen: whether the section under the cursor is shown,
   * instead of the list of sections.
   */
  readonly isOpen: boolean
  /** The answer to the last key. */
  readonly notice: string | undefined
}

interface Typed {
  readonly text: string
  /** The time of its last character in milliseconds. */
  readonly at: number
  /** What was picked before the first character. */
  readonly before?: SeatSet | undefined
}

export const untyped: Typed = { text: '', at: 0 }

export interface PickingStart {
  house: House
  /** The seats picked at the start; those that are taken are reported as lost. */
  picked?: readonly number[]
  /** The number of seats that are exchanged: exactly as many must be picked. */
  exchange?: number
  /** Shown at the start: why the question is asked again. */
  notice?: string
}

/** Begins with the seats of `picked` that are free; the others count as lost. */
export function startPicking(start: PickingStart): Picking {
  const { house, picked = [], exchange, notice } = start
  const nothing: Picking = {
    house,
    taken: takenOf(house),
    picked: SeatSet.of(picked, house.totalSeats),
    exchange,
    cursor: 1,
    lost: [],
    typed: untyped,
    isOpen: picked.length > 0,
    notice,
  }
  const picking = seeHouse(nothing, house)
  const free = picking.taken.nextOutside(1)
  return { ...picking, cursor: picked[0] ?? (free > house.totalSeats ? 1 : free) }
}

/** Takes a changed house: picked seats that are taken or gone are unpicked and count as lost. */
export function seeHouse(picking: Picking, house: House): Picking {
  const taken = takenOf(house)
  const isGone = (seat: number) => seat > house.totalSeats || taken.has(seat)
  const picked = [...picking.picked].filter((seat) => !isGone(seat))
  const gone = [...picking.picked].filter(isGone)
  return {
    ...picking,
    house,
    taken,
    picked: SeatSet.of(picked, house.totalSeats),
    lost: [...picking.lost, ...gone],
    cursor: Math.min(picking.cursor, house.totalSeats),
  }
}

export function stateOf({ house, picked }: Picking, seat: number): SeatState {
  return picked.has(seat) ? 'yours' : stateIn(house, seat)
}

/** Whether the house has rows: seats then have labels, and a typed number is a number of seats. */
export function hasRows({ seatsPerRow, plan }: SeatLayout): boolean {
  return seatsPerRow !== null || Boolean(plan)
}

export function countsOf({ house, taken, picked }: Picking): SeatCounts {
  const { size } = house.booked
  return {
    free: house.totalSeats - taken.size - picked.size,
    held: taken.size - size,
    booked: size,
  }
}

export function pointAt(picking: Picking, seat: number): Picking {
  return { ...picking, cursor: Math.min(Math.max(seat, 1), picking.house.totalSeats) }
}

/** Picks the seat under the cursor, or unpicks it. */
export function toggleSeat(picking: Picking): Picking {
  const { cursor, house, taken } = picking
  if (taken.has(cursor)) {
    return { ...picking, notice: `${seatLabel(cursor, house)} is ${stateOf(picking, cursor)}.` }
  }
  const picked = picking.picked.clone()
  if (!picked.delete(cursor)) picked.add(cursor)
  return { ...picking, picked, lost: [] }
}

/** Replaces the picked seats by the best `count` seats around the cursor; 0 picks none. */
export function pickBest(picking: Picking, count: number): Picking {
  const { cursor, house, taken } = picking
  const seats = count > 0 ? chooseAround(anchorOf(picking), taken, count, house) : []
  if (seats === undefined) return { ...picking, notice: shortage(house.totalSeats - taken.size) }
  return {
    ...picking,
    picked: SeatSet.of(seats, house.totalSeats),
    lost: [],
    cursor: seats.length === 0 || seats.includes(cursor) ? cursor : seats[0]!,
    notice: accessibleAmong(countAccessible(seats, house)) ?? picking.notice,
  }
}

/**
 * Returns the picked seats, or a state with a notice to show first: nothing is picked, their number
 * is wrong, or seats were lost that the user may not have noticed.
 */
export function finishPicking(picking: Picking): number[] | Picking {
  const { cursor, exchange = picking.picked.size, house, lost, picked } = picking
  if (picked.size === 0) {
    return { ...picking, notice: `Nothing is picked: space picks ${seatLabel(cursor, house)}.` }
  }
  if (picked.size !== exchange) {
    const count = exchange === 1 ? 'one seat' : `${exchange} seats`
    return { ...picking, lost: [], notice: `Pick exactly ${count}; ${picked.size} picked so far.` }
  }
  if (lost.length === 0) return [...picked]
  const rest = picked.size === 1 ? 'the other one' : `the other ${picked.size}`
  const are = lost.length === 1 ? 'is' : 'are'
  const notice = `${formatSeats(lost, house)} ${are} gone. Enter books ${rest}.`
  return { ...picking, lost: [], notice }
}

/**
 * Where the picked seats around the cursor begin in its row, so that they grow and shrink at their
 * end; or the cursor, if its seat is not picked.
 */
function anchorOf({ cursor, house, picked }: Picking): number {
  const rows = rowsOf(house)
  const { first } = rows.at(rows.indexOf(cursor))
  let anchor = cursor
  while (anchor > first && picked.has(anchor) && picked.has(anchor - 1)) anchor--
  return anchor
}

function takenOf({ booked, held }: House): SeatSet {
  const taken = booked.clone()
  taken.addAll(held)
  return taken
}

function accessibleAmong(count: number): string | undefined {
  if (count === 0) return undefined
  const seats = count === 1 ? 'seat' : 'seats'
  return `This includes ${formatNumber(count)} wheelchair or companion ${seats}.`
}

function shortage(free: number): string {
  return free === 1 ? 'Only one seat is free.' : `Only ${formatNumber(free)} are free.`
}
