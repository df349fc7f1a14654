/** One observed operation: when it ran, and how it changes a state that explains it. */
export interface Observed<State> {
  /** A label for error messages. */
  label: string
  /** When it was called and when it returned, on one monotonic clock. */
  called: number
  answered: number
  /**
   * Its steps, in this order, each at one moment between call and return. A step returns the state
   * after it, or undefined if this state does not explain the result.
   */
  steps: ((state: State) => State | undefined)[]
}

/**
 * Looks for a sequence of the steps that respects real time (an operation that returned before
 * another was called comes first) and explains every result. Returns the labels in that order, or
 * undefined if there is none, which proves that a result was wrong.
 *
 * A depth-first search that remembers dead ends: J. M. Wing, C. Gong, "Testing and Verifying
 * Concurrent Objects" (1993), with the cache of G. Lowe, "Testing for linearizability" (2017).
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
    // An operation that was called after an unfinished one returned cannot come next.
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
