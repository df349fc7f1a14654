import packageJson from '../../../../package.json' with { type: 'json' }
import { type EmbeddedServer, embeddedServer } from '../../../client/embedded-server.js'
import { queryDaemon } from '../../../daemon/control.js'
import { hangs } from '../../../daemon/protocol.js'
import { daemonLink } from '../../../daemon/socket.js'
import { safeText } from '../../../shared/safe-text.js'
import type { Context, Handler } from '../../context.js'

export const status = onServer(showStatus)

export const start = onServer(startServer)

export const stop = onServer(stopServer)

export const url = onServer(showUrl)

export const upgrade = onServer(upgradeServer)

function onServer(work: (context: Context, server: EmbeddedServer) => Promise<void>): Handler {
  return (context) => work(context, embeddedServer(context.output.io.env))
}

/** Shows the server, and which database and daemon a booking with this choice goes to. */
async function showStatus(context: Context, server: EmbeddedServer, choice = context.options.db) {
  const { output } = context
  const { databaseName: database, databaseSource } = context.open({ database: choice })
  const [status, daemon] = await Promise.all([
    server.status(),
    queryDaemon(daemonLink(choice, output.io.env)),
  ])
  if (output.json) {
    const { state, pid, version, socket, bytes = null } = status
    return output.document({
      ...{ state, data_dir: status.dataDir, pid, version, socket, bytes },
      ...{ database, database_source: databaseSource },
      daemon: { state: daemon.state, pid: daemon.pid },
    })
  }
  const lines = [
    `state\t${status.state}`,
    `data\t${safeText(status.dataDir)}`,
    `socket\t${safeText(status.socket)}`,
    ...(status.version === null ? [] : [`version\tPostgreSQL ${status.version}`]),
    ...(status.pid === null ? [] : [`pid\t${status.pid}`]),
    ...(status.bytes === undefined ? [] : [`size\t${Math.ceil(status.bytes / 1e6)} MB`]),
    `bookings go to\t${safeText(database)} (${databaseSource})`,
    `daemon\t${daemon.state}${ofDaemon[daemon.state](daemon.pid)}`,
  ]
  await output.write(`${lines.join('\n')}\n`)
}

const ofDaemon = {
  open: (pid: number | null) => `: scripted bookings go through process ${pid}`,
  hung: (pid: number | null) => `. ${hangs(pid).message}`,
  closed: () => '',
}

/** A server that recovers from a crash may take longer than a booking would wait. */
const LONGEST_START_MS = 60_000

async function startServer(context: Context, server: EmbeddedServer) {
  const { output } = context
  // The default may be another database; this command is about the embedded server.
  const waitMs = Math.max(context.options.waitMs, LONGEST_START_MS)
  await context.open({ database: 'embedded', waitMs }).migrate()
  if (output.json) return showStatus(context, server, 'embedded')
  output.hint('The embedded server is running. `tickets db url` prints its URL.')
}

async function stopServer(context: Context, server: EmbeddedServer) {
  const { output } = context
  const outcome = await server.stop()
  if (output.json) return showStatus(context, server, 'embedded')
  output.hint(
    outcome === 'stopped'
      ? 'The embedded server was stopped. The next command that needs it starts it again.'
      : 'The embedded server was not running.',
  )
}

async function showUrl({ output }: Context, server: EmbeddedServer) {
  const { url } = server
  if ((await server.status()).state !== 'running') {
    output.hint('The embedded server is not running: `tickets db start` starts it.')
  }
  if (output.json) return output.document({ url })
  await output.write(`${url}\n`)
}

async function upgradeServer({ output, signal }: Context, server: EmbeddedServer) {
  const onProgress = (sentence: string) => output.hint(safeText(sentence))
  const program = packageJson.version
  const upgrade = await server.upgrade({ program, signal, onProgress })
  if (output.json) return output.document({ upgraded: upgrade !== null, ...upgrade })
  output.hint(
    upgrade === null
      ? 'Nothing to upgrade: there is no data of an older PostgreSQL.'
      : `Upgraded from PostgreSQL ${upgrade.from} to ${upgrade.to}. The old data is kept: remove ${safeText(upgrade.kept)} when you no longer need it.`,
  )
}
