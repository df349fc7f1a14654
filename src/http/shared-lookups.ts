/** Looks up a value, and shares the lookup with other callers that use the same key. */
type ShareLookup<T> = (key: string, lookUp: () => Promise<T>) => Promise<T>

/**
 * Makes repeated lookups of changing values cheap: at most one lookup per key is in progress, and
 * it serves all callers that asked before it began. Callers that ask during a lookup share the next
 * one, because a result must not be older than the call.
 */
export function shareLookups<T>(): ShareLookup<T> {
  const underWay = new Map<string, { answer: Promise<T>; next?: Promise<T> }>()
  const begin: ShareLookup<T> = (key, lookUp) => {
    const answer = lookUp().finally(() => underWay.delete(key))
    underWay.set(key, { answer })
    return answer
  }
  return (key, lookUp) => {
    const current = underWay.get(key)
    if (current === undefined) return begin(key, lookUp)
    const again = () => begin(key, lookUp)
    current.next ??= current.answer.then(again, again)
    return current.next
  }
}
