import { embeddedStatus } from '../embedded/embedded.js'
import { type Database, openKnexPool } from '../knex-pool.js'
import { formatHost } from '../settings/hosts.js'
import type { DatabaseTarget } from '../settings/target.js'
import { type Check, type Finding, ok, partsOf, skipped, wrong, wrongBy } from './check.js'
import { machineChecks } from './machine-checks.js'
import {
  checkCommitsOf,
  checkDiskOf,
  readServer,
  type Server,
  serverChecks,
} from './server-checks.js'
import { describeSettings } from './settings-check.js'

export interface ExamineOptions {
  /** Finds the database in the settings; throws what they have wrong. */
  findTarget: () => DatabaseTarget
  /** The embedded server's directory. */
  dataDir: string
  env: Record<string, string | undefined>
  schema: string | undefined
  /** Milliseconds for all checks together; at least a second. */
  waitMs: number
  signal?: AbortSignal | undefined
}

/**
 * Checks the settings, each host, the server and the embedded server's data directory. Changes
 * nothing and starts nothing. A check that needs what is missing is `skipped`, and so is one that
 * has no result in time. Throws INTERRUPTED.
 */
export async function examine(options: ExamineOptions): Promise<Check[]> {
  let target: DatabaseTarget
  try {
    target = options.findTarget()
  } catch (error) {
    const names = ['host', ...Object.keys(serverChecks), ...Object.keys(machineChecks)]
    return [
      { name: 'settings', ...wrongBy(error) },
      ...names.map((name) => ({ name, ...skipped('the settings are wrong') })),
    ]
  }
  const ms = Math.max(options.waitMs, 1000) + LOGIN_MARGIN_MS
  const limit = limitOf(Math.min(ms, LONGEST_TIMER_MS), options.signal)
  const opened: Database[] = []
  try {
    const settings = describeSettings(target, options)
    const { hosts, server } = await checkHosts(target, options, { opened, limit })
    return [
      { name: 'settings', ...settings },
      ...hosts,
      ...(await checkServer(server, limit)),
      ...(await checkMachine(target, { server, limit, dataDir: options.dataDir })),
    ]
  } finally {
    limit.end()
    await Promise.all(opened.map((db) => db.close()))
  }
}

/** The login has its own time limit, whose error says more. */
const LOGIN_MARGIN_MS = 1000
/** Node's timers know no longer time. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Runs checks that share one deadline. A check that throws is `skipped`. */
interface Limit {
  run(check: () => Promise<Finding>): Promise<Finding>
  end(): void
}

function limitOf(ms: number, signal: AbortSignal | undefined): Limit {
  let timer: NodeJS.Timeout
  const over = new Promise<Finding>((resolve) => {
    timer = setTimeout(() => resolve(skipped('there was no answer within --wait')), ms)
  })
  const result = async (check: () => Promise<Finding>) => {
    try {
      return await check()
    } catch (error) {
      if (signal?.aborted) throw error
      return skipped(uncapitalized(partsOf(error)[0]))
    }
  }
  return {
    run: (check) => Promise.race([result(check), over]),
    end: () => clearTimeout(timer),
  }
}

function uncapitalized(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '')
}

/** Tries each host; `server` is the first that is a primary, else the first that can be used. */
async function checkHosts(
  target: DatabaseTarget,
  { waitMs, schema, signal, dataDir }: ExamineOptions,
  { opened, limit }: { opened: Database[]; limit: Limit },
): Promise<{ hosts: Check[]; server: Server | undefined }> {
  if (target.kind === 'embedded') {
    const state = await limit.run(() => checkEmbedded(dataDir))
    if (state.message !== RUNNING) return { hosts: [{ name: 'host', ...state }], server: undefined }
  }
  // Without `revive`, which would start the embedded server. Each host is tried, in any state.
  const { revive: _, connection, otherHosts = [], ...rest } = target
  const hosts = [connection, ...otherHosts]
  const servers: Server[] = []
  const findings = await Promise.all(
    hosts.map((host) =>
      limit.run(async () => {
        const name = hosts.length === 1 ? rest.name : `server ${addressOf(host)}`
        const one = { ...rest, name, connection: host, sessionAttrs: 'any' as const }
        const db = openKnexPool(one, { waitMs, schema, signal })
        opened.push(db)
        return checkHost(db, servers)
      }),
    ),
  )
  const server = servers.find(({ isStandby }) => !isStandby) ?? servers[0]
  // One dead server of a cluster does not prevent bookings, but the next failover may.
  const isUsable = server !== undefined && !server.isStandby
  return {
    hosts: findings.map(({ status, ...finding }) => ({
      name: 'host',
      status: status === 'wrong' && isUsable ? 'warning' : status,
      ...finding,
    })),
    server,
  }
}

const RUNNING = 'the embedded server runs'

async function checkEmbedded(dataDir: string): Promise<Finding> {
  const status = await embeddedStatus(dataDir).catch(wrongBy)
  if ('status' in status) return status
  if (status.state === 'running') return ok(RUNNING)
  return {
    ...ok(`the embedded server ${status.state === 'absent' ? 'does not exist yet' : 'is stopped'}`),
    advice: 'The next command that needs it starts it; so does `tickets db start`.',
  }
}

async function checkHost(db: Database, servers: Server[]): Promise<Finding> {
  try {
    const server = await readServer(db)
    servers.push(server)
    const kind = server.isStandby ? 'a standby' : 'a primary'
    return ok(`${addressOf(db.target.connection)} accepts the login, and is ${kind}`)
  } catch (error) {
    const [what, advice] = partsOf(error)
    return wrong(`${addressOf(db.target.connection)}: ${what}`, advice)
  }
}

function addressOf({ host = '', port = 5432 }: DatabaseTarget['connection']): string {
  return formatHost({ host, port })
}

async function checkServer(server: Server | undefined, limit: Limit): Promise<Check[]> {
  const checks: Check[] = []
  // One after the other, as there is one connection.
  for (const [name, check] of Object.entries(serverChecks)) {
    const finding = server ? await limit.run(async () => check(server)) : skipped(NO_LOGIN)
    checks.push({ name, ...finding })
  }
  return checks
}

const NO_LOGIN = 'there is no login to a server'

/** The disk and the files of the embedded server; of another one, what can be seen from here. */
async function checkMachine(
  { kind }: DatabaseTarget,
  { server, limit, dataDir }: { server: Server | undefined; limit: Limit; dataDir: string },
): Promise<Check[]> {
  const checks: Check[] = []
  for (const [name, check] of Object.entries(machineChecks)) {
    const run = async () => {
      if (kind === 'embedded') return check(dataDir)
      if (name === 'data directory') return skipped('this check is for the embedded server only')
      if (server === undefined) return skipped(NO_LOGIN)
      return name === 'disk' ? checkDiskOf(server) : checkCommitsOf(server)
    }
    checks.push({ name, ...(await limit.run(run)) })
  }
  return checks
}
