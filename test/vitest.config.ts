import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/{cluster,faults}/**'],
    globalSetup: ['test/support/code-cache.ts', 'test/support/global-setup.ts'],
    // A slow machine is not a failure: the limit is for tests that hang.
    testTimeout: 300_000,
    hookTimeout: 240_000,
    // There are two cores, and every file starts processes and servers.
    maxWorkers: 3,
  },
})
