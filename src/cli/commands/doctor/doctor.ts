import packageJson from '../../../../package.json' with { type: 'json' }
import {
  type Check,
  examineDatabase,
  type Finding,
  ok,
  skipped,
  warning,
  wrong,
} from '../../../client/doctor.js'
import { queryDaemon } from '../../../daemon/control.js'
import { daemonLink } from '../../../daemon/socket.js'
import { TicketsError } from '../../../shared/errors.js'
import type { Context, Handler } from '../../context.js'

/** `tickets doctor`: exits 7 when something is wrong. */
export const run: Handler = async (context) => {
  const { output, options, signal } = context
  const { env } = output.io
  const checks: Check[] = [
    { name: 'program', ...checkNode(process.versions.node) },
    ...(await examineDatabase({ database: options.db, env, waitMs: options.waitMs, signal })),
    { name: 'daemon', ...(await checkDaemon(context)) },
  ]
  const isOk = checks.every(({ status }) => status !== 'wrong')
  if (output.json) {
    await output.document({ ok: isOk, checks })
  } else {
    const { renderDoctorReport } = await import('./report.js')
    await output.write(renderDoctorReport(checks, output.style))
  }
  return isOk ? 0 : 7
}

function checkNode(version: string): Finding {
  const oldest = packageJson.engines.node.replace('>=', '')
  const shown = `tickets ${packageJson.version} on Node ${version}`
  const isOld = version.localeCompare(oldest, 'en', { numeric: true }) < 0
  return isOld ? wrong(shown, `Use Node ${oldest} or later.`) : ok(shown)
}

async function checkDaemon(context: Context): Promise<Finding> {
  const { environment, options, output, signal } = context
  const { env } = output.io
  let link: string
  try {
    link = daemonLink(options.db, env)
  } catch {
    return skipped('the settings are wrong')
  }
  const { state, pid, refusal } = await queryDaemon(link, environment.program, env)
  if (signal.aborted) throw new TicketsError('INTERRUPTED', 'Interrupted.')
  if (state === 'hung') return wrong(`process ${pid} does not answer`, `End it: kill -9 ${pid}`)
  if (state === 'closed') return ok('no daemon runs; each command connects by itself')
  return refusal
    ? warning(`process ${pid} declines requests: ${refusal}`, 'Run `tickets daemon start` again.')
    : ok(`scripted bookings go through process ${pid}`)
}
