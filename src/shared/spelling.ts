/**
 * Counts the letters of `a` that are missing, added, changed or swapped with the next one in `b`:
 * the Damerau-Levenshtein distance. Returns Infinity if the lengths differ by more than eight
 * letters.
 */
export function slipsBetween(a: string, b: string): number {
  // Such a difference is not a typing error, and the table below could be large.
  if (Math.abs(a.length - b.length) > 8) return Infinity
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      const above = rows[i - 1]!
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (isSame ? 0 : 1))
      const isExchange = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isExchange) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1)
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
