import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['test/faults/**/*.test.ts'],
    globalSetup: ['test/support/code-cache.ts', 'test/faults/print-seed.ts'],
    testTimeout: 240_000,
    hookTimeout: 60_000,
    // Every file starts more processes than there are cores.
    fileParallelism: false,
  },
})
