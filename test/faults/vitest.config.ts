import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** These start so many processes at once that whoever has a time to keep would not keep it beside them. */
const crowded = ['test/faults/{crashes,crowd}.test.ts']
const patience = { testTimeout: 240_000, hookTimeout: 60_000 }

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
          exclude: crowded,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...patience,
          name: 'one by one',
          include: crowded,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
