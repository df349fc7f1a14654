import type { SeatSet } from '../seat-set.js'
import { type Spot, spotOf } from './floor.js'
import { type Aim, countFree, findPieces, findTogether, longestRoom, type Piece } from './search.js'

/** From this number of pieces on, one pass through the house costs less than a search for each. */
const MANY_PIECES = 32

/**
 * The best `count` free seats, ascending: in one block, or else in one row, or else in pieces.
 * Undefined if fewer are free.
 */
export function choose(taken: SeatSet, count: number, aim: Aim): number[] | undefined {
  const piece = findTogether(taken, count, aim) ?? findTogether(taken, count, aim, true)
  if (piece) return seatsOf([piece])
  const { reserve = aim.floor } = aim
  const free = countFree(taken, { ...aim, floor: reserve }, count)
  return free < count ? undefined : inFewestPieces(taken, count, aim)
}

/** The same aim for the seats around a spot: its section first, and then the others. */
export function near(spot: (count: number) => Spot, aim: Aim): Aim {
  const { section } = spot(1)
  const others = aim.sections.filter((other) => other !== section)
  return { ...aim, sections: [section, ...others], spot }
}

/**
 * Takes the longest pieces whole, and the remaining seats from the best block with room for them;
 * taking the longest first gives the fewest pieces. `count` seats must be free, but not in one
 * block. If the floor runs out of seats, the others come from the reserve.
 */
function inFewestPieces(taken: SeatSet, count: number, aim: Aim): number[] {
  const left = taken.clone()
  const pieces: Piece[] = []
  let around = aim
  let length = count
  for (let rest = count; rest > 0; ) {
    length = longestRoom(left, Math.min(length, rest), around)
    if (length === 0) {
      around = { ...around, floor: aim.reserve! }
      length = rest
      continue
    }
    const atMost = Math.floor(rest / length)
    const isOne = pieces.length === 0 || atMost < MANY_PIECES
    const found = isOne
      ? [findTogether(left, length, around)!]
      : findPieces(left, { length, atMost, aim: around })
    // If the aim has no spot of its own, the other pieces go near the first one.
    if (around.spot === undefined) {
      const first = spotOf(found[0]!, around.floor)
      around = near(() => first, around)
    }
    left.addAll(seatsOf(found))
    pieces.push(...found)
    rest -= found.length * length
  }
  return seatsOf(pieces)
}

function seatsOf(pieces: readonly Piece[]): number[] {
  const seats: number[] = []
  for (const { start, length } of pieces.toSorted((a, b) => a.start - b.start)) {
    for (let seat = start; seat < start + length; seat++) seats.push(seat)
  }
  return seats
}
