import type { SeatSet } from './seat-set.js'
import type { SeatLayout } from './seats.js'

/** Free seats next to one another: `length` of them from `start` on. */
interface Run {
  start: number
  length: number
}

const LONGEST_SUGGESTION = 20

/**
 * Chooses `count` free seats, ascending: together in one row if that can be, else together by
 * number, else in the fewest pieces; each time those nearest the front, which is seat 1.
 * Undefined when fewer are free. `taken` is what is booked or held.
 *
 * It runs while the show is locked, so it looks at eight full seats at a time and stops early.
 */
export function chooseSeats(
  taken: SeatSet,
  count: number,
  layout: SeatLayout,
): number[] | undefined {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`${count} seats cannot be chosen.`)
  }
  return chooseNear(1, taken, count, layout)
}

/**
 * Free seats that would have done as well as `wanted`: as many, by the rule of chooseSeats, but
 * nearest the first seat wanted; of two as near, the one nearer the front. They may contain seats
 * that were wanted and are free. Empty when more than 20 seats were wanted, none were, or fewer
 * are free.
 */
export function suggestSeats(
  wanted: readonly number[],
  taken: SeatSet,
  layout: SeatLayout,
): number[] {
  if (wanted.length === 0 || wanted.length > LONGEST_SUGGESTION) {
    return []
  }
  const first = Math.min(...wanted)
  return chooseNear(first, taken, wanted.length, layout) ?? []
}

/**
 * As chooseSeats, but around a seat instead of nearest the front: in its own row, from that seat on
 * where it can be, else in the row nearest to it, of two as near the one nearer the front.
 */
export function chooseAround(
  seat: number,
  taken: SeatSet,
  count: number,
  layout: SeatLayout,
): number[] | undefined {
  if (taken.totalSeats - taken.size < count) {
    return undefined
  }
  const start = startInNearestRow(seat, taken, count, layout)
  return start === undefined
    ? chooseByNumber(seat, taken, count)
    : seatsOf([{ start, length: count }])
}

function startInNearestRow(
  seat: number,
  taken: SeatSet,
  count: number,
  { seatsPerRow, totalSeats }: SeatLayout,
): number | undefined {
  if (seatsPerRow === null || count > seatsPerRow) {
    return undefined
  }
  const rows = Math.ceil(totalSeats / seatsPerRow)
  const row = Math.floor((seat - 1) / seatsPerRow)
  for (const nearRow of outwards(row, rows)) {
    const runs = freeRuns(taken, nearRow * seatsPerRow + 1, (nearRow + 1) * seatsPerRow)
    const start = nearestStart(seat + (nearRow - row) * seatsPerRow, runs, count)
    if (start !== undefined) {
      return start
    }
  }
  return undefined
}

/** The numbers from 0 below `length`, those nearest to `middle` first. */
function* outwards(middle: number, length: number): Generator<number> {
  for (let distance = 0; distance < length; distance++) {
    if (middle - distance >= 0) yield middle - distance
    if (distance > 0 && middle + distance < length) yield middle + distance
  }
}

function chooseNear(
  target: number,
  taken: SeatSet,
  count: number,
  layout: SeatLayout,
): number[] | undefined {
  if (taken.totalSeats !== layout.totalSeats) {
    throw new RangeError(`${taken.totalSeats} seats are not a house of ${layout.totalSeats}.`)
  }
  if (taken.totalSeats - taken.size < count) {
    return undefined
  }
  const start = nearestInOneRow(target, taken, count, layout)
  return start === undefined
    ? chooseByNumber(target, taken, count)
    : seatsOf([{ start, length: count }])
}

/** Together by number, rows or not, else in the fewest pieces. So many must be free. */
function chooseByNumber(target: number, taken: SeatSet, count: number): number[] {
  const start = nearestStart(target, freeRuns(taken), count)
  return start === undefined
    ? inFewestPieces(target, [...freeRuns(taken)], count)
    : seatsOf([{ start, length: count }])
}

function nearestInOneRow(
  target: number,
  taken: SeatSet,
  count: number,
  { seatsPerRow }: SeatLayout,
): number | undefined {
  if (seatsPerRow === null || count > seatsPerRow) {
    return undefined
  }
  return nearestStart(target, splitAtRows(freeRuns(taken), seatsPerRow), count)
}

/** Where `count` seats in one of the runs begin closest to the target. The runs are ascending. */
function nearestStart(target: number, runs: Iterable<Run>, count: number): number | undefined {
  let best: number | undefined
  for (const run of runs) {
    if (best !== undefined && run.start - target >= Math.abs(best - target)) {
      break
    }
    // Before that each run that has room is nearer than the one found so far.
    if (run.length >= count) {
      best = startNear(target, run, count)
    }
  }
  return best
}

function startNear(target: number, run: Run, count: number): number {
  const latest = run.start + run.length - count
  return Math.min(Math.max(target, run.start), latest)
}

/** The free seats from `from` to `to`, both included, in runs. */
function* freeRuns(taken: SeatSet, from = 1, to = taken.totalSeats): Generator<Run> {
  const last = Math.min(to, taken.totalSeats)
  let start = taken.nextOutside(from)
  while (start <= last) {
    const end = Math.min(taken.nextIn(start), last + 1)
    yield { start, length: end - start }
    start = taken.nextOutside(end)
  }
}

function* splitAtRows(runs: Iterable<Run>, seatsPerRow: number): Generator<Run> {
  for (const run of runs) {
    const end = run.start + run.length
    for (let start = run.start; start < end; ) {
      const nextRow = start + seatsPerRow - ((start - 1) % seatsPerRow)
      yield { start, length: Math.min(nextRow, end) - start }
      start = nextRow
    }
  }
}

/**
 * The largest runs whole, then the nearest one that has room for the rest. Taking the largest
 * first is what makes the pieces fewest. No run may be long enough for all the seats, and all the
 * runs together must be.
 */
function inFewestPieces(target: number, runs: Run[], count: number): number[] {
  const { whole, rest } = takeLargest(target, runs, count)
  const start = nearestStart(
    target,
    runs.filter((run) => !whole.has(run)),
    rest,
  )
  if (start === undefined) {
    throw new Error(`${count} seats are not free.`)
  }
  return seatsOf([...whole, { start, length: rest }])
}

/** Takes whole runs, largest first, until what is left to seat fits into the next one. */
function takeLargest(target: number, runs: Run[], count: number) {
  const whole = new Set<Run>()
  let rest = count
  for (const alike of byLengthDescending(runs)) {
    const length = alike[0]?.length ?? 0
    const needed = Math.ceil(rest / length) - 1
    for (const run of nearest(target, alike, needed)) {
      whole.add(run)
      rest -= length
    }
    if (needed < alike.length) {
      break
    }
  }
  return { whole, rest }
}

/** The runs in groups of one length. Grouping, because sorting 50,000 runs takes too long here. */
function byLengthDescending(runs: Run[]): Run[][] {
  const groups = new Map<number, Run[]>()
  for (const run of runs) {
    const alike = groups.get(run.length)
    if (alike) {
      alike.push(run)
    } else {
      groups.set(run.length, [run])
    }
  }
  return [...groups].sort(([a], [b]) => b - a).map(([, alike]) => alike)
}

/** The `howMany` runs whose start is closest to the target. The runs are in ascending order. */
function nearest(target: number, runs: Run[], howMany: number): Run[] {
  const distance = (run: Run | undefined) =>
    run ? Math.abs(run.start - target) : Number.POSITIVE_INFINITY
  // The nearest are neighbours in the list, so a window of them only ever slides towards the back.
  let from = 0
  while (distance(runs[from + howMany]) < distance(runs[from])) {
    from++
  }
  return runs.slice(from, from + howMany)
}

function seatsOf(runs: Run[]): number[] {
  const seats: number[] = []
  for (const { start, length } of runs.sort((a, b) => a.start - b.start)) {
    for (let seat = start; seat < start + length; seat++) {
      seats.push(seat)
    }
  }
  return seats
}
