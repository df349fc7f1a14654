import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/**
 * Alone, each: the first two start so many processes at once that others would miss their deadlines;
 * the last one measures deadlines.
 */
const alone = ['test/faults/{crashes,crowd,deadlines}.test.ts']
/** Those of `test/cluster` that take little time: beside each other, as they mostly wait. */
const clusters = ['test/cluster/{haproxy,patroni,pgbouncer}.test.ts']
/** Only ends a test that hangs: a slow machine is no failure. */
const patience = { testTimeout: 600_000, hookTimeout: 240_000 }

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    globalSetup: ['test/support/code-cache.ts', 'test/faults/print-seed.ts'],
    projects: [
      {
        test: {
          ...patience,
          name: 'side by side',
          include: ['test/faults/**/*.test.ts'],
          exclude: alone,
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...patience,
          name: 'clusters',
          include: clusters,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...patience,
          name: 'one by one',
          include: alone,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
