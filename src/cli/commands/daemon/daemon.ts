import { once } from 'node:events'
import { queryDaemon, startInBackground, stopDaemon } from '../../../daemon/control.js'
import { Daemon, type Program } from '../../../daemon/daemon.js'
import { hangs } from '../../../daemon/protocol.js'
import { daemonLink } from '../../../daemon/socket.js'
import { safeText } from '../../../shared/safe-text.js'
import type { Handler } from '../../context.js'

/** `tickets daemon start`, `stop`, `status` and `run`. */
export function daemonHandlers(program: Program) {
  const start: Handler = async (context) => {
    const { options, output, signal, tickets } = context
    const { env } = output.io
    const link = daemonLink(options.db, env)
    const found = await queryDaemon(link, program.environment.program, env)
    if (found.state === 'hung') throw hangs(found.pid)
    if (found.refusal !== null) {
      if (found.state === 'open') await stopDaemon(link, options.waitMs, signal)
      await startInBackground(link, env)
    }
    if (output.json) return status(context, {})
    context.nameDatabase(tickets)
    output.hint('The daemon is open: it runs `tickets book … --json` until `tickets daemon stop`.')
  }

  const run: Handler<object, [string]> = async ({ output, signal }, _options, link) => {
    const daemon = new Daemon(link, program)
    await daemon.open()
    await output.document({ socket: link })
    if (!signal.aborted) await Promise.race([once(signal, 'abort'), daemon.closed])
    await daemon.close()
  }

  return { start, stop, status, run }
}

const stop: Handler = async (context) => {
  const { options, output, signal } = context
  const link = daemonLink(options.db, output.io.env)
  const wasOpen = await stopDaemon(link, options.waitMs, signal)
  if (output.json) return status(context, {})
  output.hint(wasOpen ? 'The daemon is stopped.' : 'No daemon was open for this database.')
}

const status: Handler = async (context) => {
  const { options, output, tickets } = context
  const socket = daemonLink(options.db, output.io.env)
  const { program: _, refusal: __, state, pid, ...rest } = await queryDaemon(socket)
  if (state === 'hung') output.hint(hangs(pid).message)
  const document = { state, database: tickets.databaseName, socket, pid, ...rest }
  if (output.json) return output.document(document)
  const lines = Object.entries(document)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name.replaceAll('_', ' ')}\t${safeText(String(value))}\n`)
  await output.write(lines.join(''))
}
