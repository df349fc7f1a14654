import {
  embeddedDataDir,
  embeddedStatus,
  embeddedUrl,
  stopEmbedded,
} from '../../../database/embedded/embedded.js'
import { safeText } from '../../../shared/safe-text.js'
import type { Context, Handler } from '../../context.js'

/** `tickets db status`, `start`, `stop` and `url`: the embedded server itself. */
export const dbCommands = {
  status: onServer(showStatus),
  start: onServer(start),
  stop: onServer(stop),
  url: onServer(showUrl),
}

function onServer(work: (context: Context, dataDir: string) => Promise<void>): Handler {
  return (context) => work(context, embeddedDataDir(context.output.io.env))
}

async function showStatus({ output }: Context, dataDir: string) {
  const status = await embeddedStatus(dataDir)
  if (output.json) {
    const { state, pid, version, socket, bytes = null } = status
    return output.document({ state, data_dir: status.dataDir, pid, version, socket, bytes })
  }
  const lines = [
    `state\t${status.state}`,
    `data\t${safeText(status.dataDir)}`,
    `socket\t${safeText(status.socket)}`,
    ...(status.version === null ? [] : [`version\tPostgreSQL ${status.version}`]),
    ...(status.pid === null ? [] : [`pid\t${status.pid}`]),
    ...(status.bytes === undefined ? [] : [`size\t${Math.ceil(status.bytes / 1e6)} MB`]),
  ]
  await output.write(`${lines.join('\n')}\n`)
}

/** A server that recovers from a crash is waited for, whatever one would wait for a booking. */
const LONGEST_START_MS = 60_000

async function start(context: Context, dataDir: string) {
  const { output } = context
  // Somebody else's database may be the default here: this is about the embedded one.
  const waitMs = Math.max(context.options.waitMs, LONGEST_START_MS)
  await context.open({ database: 'embedded', waitMs }).migrate()
  // Also beside a server that was up, such as after an upgrade of the program.
  await context.openCounterBeside(dataDir)
  if (output.json) return showStatus(context, dataDir)
  output.hint(`The embedded server is running. \`tickets db url\` tells how to reach it.`)
}

async function stop(context: Context, dataDir: string) {
  const { output } = context
  const outcome = await stopEmbedded(dataDir)
  if (output.json) return showStatus(context, dataDir)
  output.hint(
    outcome === 'stopped'
      ? 'The embedded server was stopped. The next command that needs it starts it again.'
      : 'The embedded server was not running.',
  )
}

async function showUrl({ output }: Context, dataDir: string) {
  const url = embeddedUrl(dataDir)
  if ((await embeddedStatus(dataDir)).state !== 'running') {
    output.hint('The embedded server is not running: `tickets db start` starts it.')
  }
  if (output.json) return output.document({ url })
  await output.write(`${url}\n`)
}
