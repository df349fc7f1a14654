import { type Aisle, isAisle, type OutlineRow, runLength, type SeatRun } from './seat-plan.js'

/** One seat as it is drawn: the number painted on it, and what is special about it. */
export type DrawnSeat = Pick<SeatRun, 'kind'> & { number: number }

/** The seats of a run, from left to right. */
export function* seatsIn(run: SeatRun): Generator<DrawnSeat> {
  const length = runLength(run)
  for (let index = 0; index < length; index++) {
    yield { number: run.from + index * run.step, kind: run.kind }
  }
}

/**
 * The same row in its one spelling: aisles side by side are one, an aisle at the right end is left
 * out, and runs are as long as can be.
 */
export function normalizeRow({ label, items }: OutlineRow): OutlineRow {
  const seats = items.flatMap((item): (DrawnSeat | Aisle)[] =>
    isAisle(item) ? [item] : [...seatsIn(item)],
  )
  return { label, items: joinSeats(seats) }
}

/**
 * Joins the seats and aisles of a row, from left to right, to runs as long as can be. Only three
 * seats or more make a run of odd or of even numbers: 1 and 3 are two runs.
 */
export function joinSeats(items: readonly (DrawnSeat | Aisle)[]): OutlineRow['items'] {
  const joined: (SeatRun | Aisle)[] = []
  for (let index = 0; index < items.length; ) {
    const item = items[index]!
    const before = joined.at(-1)
    if ('aisle' in item) {
      if (before && isAisle(before))
        joined[joined.length - 1] = { aisle: before.aisle + item.aisle }
      else joined.push(item)
      index += 1
      continue
    }
    const step = stepAt(items, index)
    let last = item
    for (;;) {
      index += 1
      const next = items[index]
      if (!follows(last, next, step)) break
      last = next
    }
    joined.push({ from: item.number, to: last.number, step, kind: item.kind })
  }
  if (joined.length > 0 && isAisle(joined.at(-1)!)) joined.pop()
  return joined
}

function stepAt(items: readonly (DrawnSeat | Aisle)[], index: number): SeatRun['step'] {
  const [first, second, third] = items.slice(index, index + 3)
  for (const step of [1, -1, 2, -2] as const) {
    if (!follows(first as DrawnSeat, second, step)) continue
    if (Math.abs(step) === 1 || follows(second, third, step)) return step
  }
  return 1
}

function follows(
  seat: DrawnSeat,
  next: DrawnSeat | Aisle | undefined,
  step: SeatRun['step'],
): next is DrawnSeat {
  return (
    next !== undefined &&
    !('aisle' in next) &&
    next.kind === seat.kind &&
    next.number === seat.number + step
  )
}
