/** Looks something up, and shares the look with whoever asks for the same key. */
export type ShareLook<T> = (key: string, look: () => Promise<T>) => Promise<T>

/**
 * Makes what changes cheap to ask for again and again: one look at a time for each key, shared by
 * all who asked before it began. Whoever asks while one is under way gets the answer of the next,
 * as it must not be older than their question.
 */
export function shareLooks<T>(): ShareLook<T> {
  const underWay = new Map<string, { answer: Promise<T>; next?: Promise<T> }>()
  const begin: ShareLook<T> = (key, look) => {
    const answer = look().finally(() => underWay.delete(key))
    underWay.set(key, { answer })
    return answer
  }
  return (key, look) => {
    const current = underWay.get(key)
    if (current === undefined) return begin(key, look)
    const again = () => begin(key, look)
    current.next ??= current.answer.then(again, again)
    return current.next
  }
}
