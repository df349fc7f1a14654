import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/{cluster,faults}/**'],
    globalSetup: ['test/support/code-cache.ts', 'test/support/global-setup.ts'],
    // Only ends a test that hangs: a slow machine is no failure.
    testTimeout: 300_000,
    hookTimeout: 240_000,
    // Two cores: every file starts processes and servers of its own.
    maxWorkers: 3,
  },
})
