/**
 * Caches the results of `make` for the last `most` keys. For results that take long to make, and
 * are the same every time.
 */
export function rememberFew<Key, Value>(
  most: number,
  make: (key: Key) => Value,
): (key: Key) => Value {
  const made = new Map<Key, Value>()
  return (key) => {
    const value = made.has(key) ? made.get(key)! : make(key)
    // The last one that is asked for comes last.
    made.delete(key)
    made.set(key, value)
    if (made.size > most) made.delete(made.keys().next().value!)
    return value
  }
}
