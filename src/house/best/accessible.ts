import type { SeatPlan } from '../plan/seat-plan.js'
import type { SeatSet } from '../seat-set.js'
import { choose, near } from './choose.js'
import { type Floor, isIn, spotOf, stretchAt } from './floor.js'
import {
  type Aim,
  type Candidate,
  compare,
  demeritsOf,
  distanceOf,
  type Piece,
  spotIn,
} from './search.js'

/** What the choice for a party with a wheelchair is made from. */
interface Choice {
  plan: SeatPlan
  /** All seats of the house. */
  all: Floor
  /** Where the seats beside the wheelchair place are from. */
  aim: Aim
}

/**
 * The seats of a party with a wheelchair, ascending: a wheelchair place; for a party of two or more
 * the companion seat beside it; and for the others seats beside these, or else the best ones near
 * them. If no companion seat is free, one of the other seats takes its place. Undefined if no
 * wheelchair place or too few other seats are free.
 */
export function chooseAccessible(
  taken: SeatSet,
  count: number,
  choice: Choice,
): number[] | undefined {
  let best: SeatsAround | undefined
  for (const candidate of candidates(taken, count, choice)) {
    const more =
      best === undefined ? -1 : candidate.flaws - best.flaws || compare(candidate, best, choice.aim)
    if (more < 0) best = candidate
  }
  if (best === undefined) return undefined
  const { start, length } = best
  const seats = Array.from({ length }, (_, index) => start + index)
  if (length === count) return seats
  const left = taken.clone()
  left.addAll(seats)
  const spot = spotOf(best, choice.all)
  const others = choose(
    left,
    count - length,
    near(() => spot, choice.aim),
  )
  return others && [...seats, ...others].sort((a, b) => a - b)
}

/** Seats around a wheelchair place: of the whole party, or only those of the place. */
interface SeatsAround extends Candidate {
  length: number
  /** 2 if there is no companion seat, plus 1 if the rest of the party sits apart. */
  flaws: number
}

function* candidates(taken: SeatSet, count: number, choice: Choice): Generator<SeatsAround> {
  const { plan, all, aim } = choice
  for (const place of all.wheelchairs) {
    const row = all.rows.indexOf(place)
    const rank = aim.sections.indexOf(all.rows.at(row).section)
    if (rank === -1 || taken.has(place)) continue
    const block = stretchAt(all.blocks, place)
    const isFree = (seat: number) => isIn(all.blocks, block, seat) && !taken.has(seat)
    const companions = [place - 1, place + 1].filter(
      (seat) => isFree(seat) && plan.kindOf(seat) === 'companion',
    )
    const isWithout = count > 1 && companions.length === 0
    for (const beside of count === 1 || isWithout ? [place] : companions) {
      const low = Math.min(place, beside)
      const high = Math.max(place, beside)
      const others = count - 1 - (high - low)
      const isOther = (seat: number) => isFree(seat) && isOnFloor(seat, aim.floor)
      let before = 0
      while (before < others && isOther(low - before - 1)) before++
      let after = 0
      while (after < others && isOther(high + after + 1)) after++
      const flaws = isWithout ? 2 : 0
      if (before + after < others) {
        const piece = { start: low, length: high - low + 1 }
        yield { ...candidateOf(piece, taken, choice, rank), ...piece, flaws: flaws + 1 }
      }
      for (let left = others - after; left <= before; left++) {
        const piece = { start: low - left, length: count }
        yield { ...candidateOf(piece, taken, choice, rank), ...piece, flaws }
      }
    }
  }
}

function candidateOf(piece: Piece, taken: SeatSet, { all, aim }: Choice, rank: number): Candidate {
  const { start, length } = piece
  const end = start + length - 1
  const spot = spotOf(piece, all)
  const view = spotIn(spot.section, length, aim)
  const rows = Math.abs(spot.row - view.row)
  const { floor } = aim
  const blocks = {
    firstBlock: stretchAt(floor.blocks, start - 1),
    lastBlock: stretchAt(floor.blocks, end + 1),
  }
  const demerits = demeritsOf(taken, { start, end, ...blocks, floor })
  return { start, demerits, rank, rows, distance: distanceOf(spot.offset - view.offset, rows, aim) }
}

function isOnFloor(seat: number, { blocks }: Floor): boolean {
  return isIn(blocks, stretchAt(blocks, seat), seat)
}
