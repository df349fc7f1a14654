import { performance } from 'node:perf_hooks'

/** The samples of each contender, in the order in which they were taken. */
export type Samples<Name extends string> = Record<Name, number[]>

/**
 * Measures contenders in turn (A B A B …), so that any other load on the machine affects all of
 * them alike. The first round warms up and is not counted. After `budgetMs` no further round
 * begins, but at least one is counted.
 */
export async function interleave<Name extends string>(
  rounds: number,
  contenders: Record<Name, (round: number) => Promise<number>>,
  budgetMs = Number.POSITIVE_INFINITY,
): Promise<Samples<Name>> {
  const names = Object.keys(contenders) as Name[]
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Samples<Name>
  const deadline = performance.now() + budgetMs
  for (let round = 0; round <= rounds; round++) {
    if (round > 1 && performance.now() > deadline) break
    for (const name of names) {
      const sample = await contenders[name](round)
      if (round > 0) samples[name].push(sample)
    }
  }
  return samples
}

/** The middle of the samples; of an even number of them, the mean of the middle two. */
export function median(samples: readonly number[]): number {
  if (samples.length === 0) throw new RangeError('There is no median of nothing.')
  const sorted = [...samples].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The ratio of the medians of two contenders that were measured in one run. */
export function ratio(samples: readonly number[], baseline: readonly number[]): number {
  return median(samples) / median(baseline)
}
