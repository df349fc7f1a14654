/** In the unit of the measured values. */
export interface Percentiles {
  p50: number
  p95: number
  p99: number
  max: number
}

/** By nearest rank, so that each result is a measured value; null for an empty list. */
export function percentilesOf(values: readonly number[]): Percentiles | null {
  if (values.length === 0) return null
  const sorted = Float64Array.from(values).sort()
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1)! }
}
