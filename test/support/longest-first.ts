import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take more than ten seconds, in the order in which they begin. */
const longest = [
  'http/memory',
  'cli/hostile-input',
  'database/embedded/embedded',
  'cli/counter',
  'booking/model',
  'http/load',
  'booking/lifecycle/processes',
  'cli/help',
]

/**
 * A clean checkout remembers no durations, and Vitest then goes by size: the file that takes a minute
 * is a small one, would begin when all others end, and keep one core waiting.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}

function placeOf({ moduleId }: TestSpecification): number {
  const place = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
  return place < 0 ? longest.length : place
}
