import type { SeatSet } from '../seat-set.js'
import { choose, seatsOf } from './choose.js'
import {
  type Candidate,
  type Criteria,
  candidateOf,
  compare,
  mayChoose,
  middleOf,
  near,
} from './search.js'

/**
 * The seats of a party with a wheelchair, ascending: a wheelchair place; for a party of two or more
 * the companion seat beside it; and for the others seats beside these, or else the best ones near
 * them. If no companion seat is free, one of the other seats takes its place. Undefined if no
 * wheelchair place or too few other seats are free.
 */
export function chooseAccessible(
  taken: SeatSet,
  count: number,
  criteria: Criteria,
): number[] | undefined {
  let best: WheelchairCandidate | undefined
  for (const candidate of candidates(taken, count, criteria)) {
    const order = best && (candidate.flaws - best.flaws || compare(candidate, best, criteria))
    if (order === undefined || order < 0) best = candidate
  }
  if (best === undefined) return undefined
  const seats = seatsOf(best)
  if (seats.length === count) return seats
  const left = taken.clone()
  left.addAll(seats)
  const nearby = near(middleOf(best, criteria.geometry), criteria)
  const others = choose(left, count - seats.length, nearby)
  return others && [...seats, ...others].sort((a, b) => a - b)
}

/** Seats around a wheelchair place: of the whole party, or only those of the place. */
interface WheelchairCandidate extends Candidate {
  /** 2 if there is no companion seat, plus 1 if the rest of the party sits apart. */
  flaws: number
}

function* candidates(
  taken: SeatSet,
  count: number,
  criteria: Criteria,
): Generator<WheelchairCandidate> {
  const { rows, blockStarts, companions, wheelchairs } = criteria.geometry
  const isFree = (seat: number) => mayChoose(seat, taken, criteria)
  const isJoined = (seat: number) => seat <= taken.totalSeats && !blockStarts.has(seat)
  for (const place of wheelchairs) {
    const row = rows.indexOf(place)
    const rank = criteria.sections.indexOf(rows.at(row).section)
    if (rank === -1 || taken.has(place)) continue
    const beside = [
      ...(isJoined(place) ? [place - 1] : []),
      ...(isJoined(place + 1) ? [place + 1] : []),
    ]
    const free = beside.filter((seat) => companions.has(seat) && !taken.has(seat))
    const isWithout = count > 1 && free.length === 0
    for (const other of count === 1 || isWithout ? [place] : free) {
      const [low, high] = [Math.min(place, other), Math.max(place, other)]
      // How far the party can reach on either side.
      let [first, last] = [low, high]
      while (high - first + 1 < count && isJoined(first) && isFree(first - 1)) first--
      while (last - low + 1 < count && isJoined(last + 1) && isFree(last + 1)) last++
      const isTogether = last - first + 1 >= count
      const length = isTogether ? count : high - low + 1
      const flaws = (isWithout ? 2 : 0) + (isTogether ? 0 : 1)
      const [begin, end] = isTogether ? [first, last - count + 1] : [low, low]
      for (let start = begin; start <= end; start++) {
        const group = { first: start, last: start + length - 1 }
        yield { ...candidateOf(group, { taken, row, rank, criteria }), flaws }
      }
    }
  }
}
