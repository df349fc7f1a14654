// An open counter, driven by the parent. TICKETS_COUNTER says where it is.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { serveCommands } from './serve-commands.mjs'

serveCommands({
  async opened() {
    while (!existsSync(process.env.TICKETS_COUNTER)) await sleep(10)
  },

  /** CPU so far, user and system, in milliseconds. */
  cpuMs() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
})

process.argv.splice(2, Number.POSITIVE_INFINITY, 'counter', 'run')
await createRequire(import.meta.url)('../../dist/start.cjs').start()
// It was told to close, and nothing but the parent's line keeps it.
process.disconnect()
