import packageJson from '../../../../package.json' with { type: 'json' }
import { embeddedServer } from '../../../client/embedded-server.js'
import { queryDaemon } from '../../../daemon/control.js'
import { hangs } from '../../../daemon/protocol.js'
import { daemonLink } from '../../../daemon/socket.js'
import { safeText } from '../../../shared/safe-text.js'
import type { Context, Handler } from '../../context.js'

export const status: Handler = (context) => showStatus(context, context.options.db)

/** A server that recovers from a crash may take longer than a booking would wait. */
const LONGEST_START_MS = 60_000

export const start: Handler = async (context) => {
  const { output } = context
  // The default may be another database; this command is about the embedded server.
  const waitMs = Math.max(context.options.waitMs, LONGEST_START_MS)
  await context.open({ database: 'embedded', waitMs }).migrate()
  if (output.json) return showStatus(context, 'embedded')
  output.hint('The embedded server is running. `tickets db url` prints its URL.')
}

export const stop: Handler = async (context) => {
  const { output } = context
  const outcome = await embeddedServer(output.io.env).stop()
  if (output.json) return showStatus(context, 'embedded')
  output.hint(
    outcome === 'stopped'
      ? 'The embedded server was stopped. The next command that needs it starts it again.'
      : 'The embedded server was not running.',
  )
}

export const url: Handler = async ({ output }) => {
  const server = embeddedServer(output.io.env)
  const { url } = server
  if ((await server.status()).state !== 'running') {
    output.hint('The embedded server is not running: `tickets db start` starts it.')
  }
  if (output.json) return output.document({ url })
  await output.write(`${url}\n`)
}

export const upgrade: Handler = async ({ output, signal }) => {
  const onProgress = (sentence: string) => output.hint(safeText(sentence))
  const program = packageJson.version
  const server = embeddedServer(output.io.env)
  const upgraded = await server.upgrade({ program, signal, onProgress })
  if (output.json) return output.document({ upgraded: upgraded !== null, ...upgraded })
  output.hint(
    upgraded === null
      ? 'Nothing to upgrade: there is no data of an older PostgreSQL.'
      : `Upgraded from PostgreSQL ${upgraded.from} to ${upgraded.to}. The old data is kept: remove ${safeText(upgraded.kept)} when you no longer need it.`,
  )
}

/** Shows the server, and which database and daemon a booking with this choice goes to. */
async function showStatus(context: Context, choice: string | undefined) {
  const { output } = context
  const { databaseName: database, databaseSource } = context.open({ database: choice })
  const [status, daemon] = await Promise.all([
    embeddedServer(output.io.env).status(),
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
