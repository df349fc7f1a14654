/** What was seen of one operation: when it ran, and how it changes a state that explains it. */
export interface Observed<State> {
  /** For people. */
  label: string
  /** Moments of one clock that never stands still: called, and answered. */
  called: number
  answered: number
  /**
   * What it did, in this order, each at one moment between its call and its answer. A step returns
   * the state after it, or undefined where its answer could not have come from this state.
   */
  steps: ((state: State) => State | undefined)[]
}

/**
 * Looks for an order of the steps, one at a time, that respects real time (who was answered before
 * another was called goes first) and explains every answer. Returns the labels in that order;
 * undefined when there is none, which is proof of a wrong answer.
 *
 * Depth first with a memory of the dead ends: J. M. Wing, C. Gong, "Testing and Verifying Concurrent
 * Objects" (1993), with the memory of G. Lowe, "Testing for linearizability" (2017).
 */
export function explain<State>(
  initial: State,
  history: readonly Observed<State>[],
): string[] | undefined {
  const deadEnds = new Set<string>()

  function search(state: State, done: readonly number[]): string[] | undefined {
    if (done.every((count, i) => count === history[i]!.steps.length)) return []
    const place = JSON.stringify([done, state])
    if (deadEnds.has(place)) return undefined
    // Nothing may happen now that was called after an unfinished operation had been answered.
    const horizon = Math.min(
      ...history.filter((seen, i) => done[i]! < seen.steps.length).map((seen) => seen.answered),
    )
    for (const [i, { label, called, steps }] of history.entries()) {
      const count = done[i]!
      if (count === steps.length || called > horizon) continue
      const next = steps[count]!(state)
      if (next === undefined) continue
      const rest = search(
        next,
        done.map((each, j) => (j === i ? each + 1 : each)),
      )
      if (rest !== undefined) return [steps.length > 1 ? `${label} (${count + 1})` : label, ...rest]
    }
    deadEnds.add(place)
    return undefined
  }

  return search(
    initial,
    history.map(() => 0),
  )
}
