// An open daemon, driven by the parent. The argument is its link.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { serveCommands } from './serve-commands.mjs'

const [link] = process.argv.slice(2)

serveCommands({
  async opened() {
    while (!existsSync(link)) await sleep(10)
  },

  /** CPU so far, user and system, in milliseconds. */
  cpuMs() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
})

process.argv.splice(2, Number.POSITIVE_INFINITY, 'daemon', 'run', link)
await createRequire(import.meta.url)('../../dist/start.cjs').start()
// It was stopped, and nothing but the parent's line keeps it.
process.disconnect()
