import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/**
 * One at a time: the first two start so many processes at once that other tests would miss their
 * deadlines, and the last one measures deadlines.
 */
const alone = ['test/faults/{crashes,crowd,deadlines}.test.ts']
/** The short files of `test/cluster`. They run at the same time, as they mostly wait. */
const clusters = ['test/cluster/{haproxy,patroni,pgbouncer}.test.ts']
/** A slow machine is not a failure: the limit is for tests that hang. */
const timeouts = { testTimeout: 600_000, hookTimeout: 240_000 }

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    globalSetup: ['test/support/code-cache.ts', 'test/faults/print-seed.ts'],
    projects: [
      {
        test: {
          ...timeouts,
          name: 'side by side',
          include: ['test/faults/**/*.test.ts'],
          exclude: alone,
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...timeouts,
          name: 'clusters',
          include: clusters,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...timeouts,
          name: 'one by one',
          include: alone,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
