import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['test/cluster/*.test.ts'],
    globalSetup: ['test/support/code-cache.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // One at a time: each measures how long a sale stops.
    fileParallelism: false,
  },
})
