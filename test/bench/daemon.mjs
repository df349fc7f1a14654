// An open daemon, controlled by the parent process. Argument: its link.
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
// It was stopped, and only the channel to the parent keeps it alive.
process.disconnect()
