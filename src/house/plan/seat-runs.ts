import type { DrawnSeat } from './seat-plan.js'

/** Seats side by side of one kind, whose numbers go up or down by one step. */
export interface SeatRun {
  first: DrawnSeat
  last: DrawnSeat
  step: 1 | -1 | 2 | -2
}

/**
 * The seats of a row, from left to right, as runs as long as can be. Only three seats or more make a
 * run of odd or of even numbers: 1 and 3 are two runs.
 */
export function runsOf(seats: readonly DrawnSeat[]): SeatRun[] {
  const runs: SeatRun[] = []
  for (let index = 0; index < seats.length; index++) {
    const first = seats[index]!
    const step = stepAt(seats, index)
    while (follows(seats, index + 1, step)) index++
    runs.push({ first, last: seats[index]!, step })
  }
  return runs
}

/** '5', '1-6' or '39-21 odd'. */
export function formatRun({ first, last, step }: SeatRun): string {
  if (first === last) return String(first.number)
  const range = `${first.number}-${last.number}`
  return Math.abs(step) === 1 ? range : `${range} ${first.number % 2 === 1 ? 'odd' : 'even'}`
}

function stepAt(seats: readonly DrawnSeat[], index: number): SeatRun['step'] {
  const steps = [1, -1, 2, -2] as const
  const isRun = (step: SeatRun['step']) =>
    follows(seats, index + 1, step) && (Math.abs(step) === 1 || follows(seats, index + 2, step))
  return steps.find(isRun) ?? 1
}

/** Whether the seat at an index continues a run from the seat before it. */
function follows(seats: readonly DrawnSeat[], index: number, step: SeatRun['step']): boolean {
  const before = seats[index - 1]!
  const seat = seats[index]
  return (
    seat?.column === before.column + 1 &&
    seat.kind === before.kind &&
    seat.number === before.number + step
  )
}
