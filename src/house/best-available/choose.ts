import type { SeatSet } from '../seat-set.js'
import {
  type Criteria,
  countFree,
  findGroups,
  findTogether,
  longestRoom,
  middleOf,
  near,
  type SeatGroup,
} from './search.js'

/** From this number of groups on, one pass through the house costs less than a search for each. */
const MANY_GROUPS = 32

/**
 * The best `count` free seats, ascending: in one block, or else in one row, or else in groups.
 * Undefined if fewer are free.
 */
export function choose(taken: SeatSet, count: number, criteria: Criteria): number[] | undefined {
  const together =
    findTogether(taken, count, criteria) ?? findTogether(taken, count, criteria, 'row')
  if (together) return seatsOf(together)
  const free = countFree(taken, criteria.accessible === 'if needed' ? withAll(criteria) : criteria)
  return free < count ? undefined : inFewestGroups(taken, count, criteria)
}

function withAll(criteria: Criteria): Criteria {
  return { ...criteria, accessible: 'always' }
}

/** The seats of a group, ascending. */
export function seatsOf({ first, last }: SeatGroup): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

/**
 * Takes the longest groups whole, and the remaining seats from the best place with room for them;
 * taking the longest first gives the fewest groups. `count` seats must be free, but not in one
 * block. If the other seats are too few, wheelchair places and companion seats come last.
 */
function inFewestGroups(taken: SeatSet, count: number, criteria: Criteria): number[] {
  const seats: number[] = []
  const left = taken.clone()
  let nearby = criteria
  for (let length = count; seats.length < count; ) {
    const rest = count - seats.length
    length = longestRoom(left, Math.min(length, rest), nearby)
    if (length === 0) {
      nearby = withAll(nearby)
      length = rest
      continue
    }
    const atMost = Math.floor(rest / length)
    const groups =
      seats.length === 0 || atMost < MANY_GROUPS
        ? [findTogether(left, length, nearby)!]
        : findGroups(left, { count: length, atMost, criteria: nearby })
    // The other groups have no focal point: they go near the first one.
    if (nearby.focus === undefined) nearby = near(middleOf(groups[0]!, nearby.geometry), nearby)
    for (const group of groups) {
      const found = seatsOf(group)
      left.addAll(found)
      for (const seat of found) seats.push(seat)
    }
  }
  return seats.sort((a, b) => a - b)
}
