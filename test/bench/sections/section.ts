import type { Runner } from '../child.js'
import type { SectionResult } from '../result.js'
import type { BenchServer } from '../server.js'

/** What every section is given. */
export interface Bench {
  server: BenchServer
  runner: Runner
  /** Only checks that everything works: few rounds, small sizes, figures that mean little. */
  isQuick: boolean
  /** How many bookings the largest database of `scale` has. */
  bookings: number
  /** Reports progress. */
  progress(sentence: string): void
}

/** One part of the benchmark, which can be chosen with `--only`. */
export interface Section {
  name: string
  title: string
  run(bench: Bench): Promise<SectionResult>
}
