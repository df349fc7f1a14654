import { execFile, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { open, readFile, realpath, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { kill, platform } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type ClusterOptions, writeSettings } from './cluster.js'
import { prepareSocketDir } from './directories.js'
import { codeOf, explainOutput, unreachable } from './failures.js'
import { type ServerPaths, socketIn } from './paths.js'
import { listensInData, probe } from './probe.js'
import { environment, spawned } from './run-program.js'
import type { ServerUsers } from './users.js'

/**
 * Returns the process id of this data directory's server, or null. A pid file remains after its
 * server is killed, and another process may have that id by now (usual after a container restarts),
 * so this also checks that the process is a PostgreSQL of this directory.
 */
export async function postmasterPid(paths: ServerPaths): Promise<number | null> {
  const [first, directory] = (await readIfThere(join(paths.data, 'postmaster.pid'))).split('\n')
  const pid = Number(first)
  if (!directory || !(pid > 0)) return null
  // A copy of a running server's directory contains the original's pid file.
  const [here, there] = await Promise.all([realpathIfThere(paths.data), realpathIfThere(directory)])
  if (here === null || here !== there) return null
  const command = await commandLine(pid)
  return command.includes('postgres') && command.includes(directory) ? pid : null
}

/**
 * Starts the server of a cluster that is usable (`assertUsable`), and returns when it accepts
 * connections. Call it under the lock. The server has no terminal and none of this process's
 * streams, and keeps running. Throws DB_UNREACHABLE with PostgreSQL's reason.
 */
export async function startCluster(
  paths: ServerPaths,
  { programs, users, deadline }: ClusterOptions,
): Promise<void> {
  await prepareSocketDir(paths, users)
  await removeStaleFiles(paths)
  await writeSettings(paths, users)
  for (;;) {
    const server = await spawnPostmaster(paths, programs, users)
    while (!server.hasExited()) {
      if ((await probe(paths)) === 'ready') return
      if (Date.now() > deadline) throw tooLate(paths)
      await sleep(20)
    }
    // The new server stopped because another process had already started one.
    if ((await probe(paths)) === 'ready') return
    const output = await server.output()
    if (!isPassing(output)) throw explainOutput('PostgreSQL', output, paths.root)
    if (Date.now() > deadline) throw tooLate(paths)
    await sleep(100)
  }
}

/** Stops the server and waits up to 60 s for its end. Disconnects the clients and loses no data. */
export async function stopPostmaster(paths: ServerPaths): Promise<'stopped' | 'not running'> {
  const pid = await postmasterPid(paths)
  if (pid === null) return 'not running'
  await stopServer(pid)
  return 'stopped'
}

/** Like `stopPostmaster`, for the server with this process id; another one may have its data. */
export async function stopServer(pid: number): Promise<void> {
  const command = await commandLine(pid)
  if (!command.includes('postgres')) return
  try {
    kill(pid, 'SIGINT')
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
  const deadline = Date.now() + 60_000
  while ((await commandLine(pid)) === command) {
    if (Date.now() > deadline) {
      throw unreachable(`The embedded server (process ${pid}) did not stop within 60 s.`)
    }
    await sleep(20)
  }
}

export function tooLate(paths: ServerPaths) {
  return unreachable(
    `The embedded server in ${paths.root} did not accept connections in time. See ${paths.log}, or try again with a longer --wait.`,
  )
}

async function spawnPostmaster(paths: ServerPaths, programs: string, users: ServerUsers) {
  const offset = await keepLogSmall(paths)
  const log = await open(paths.log, 'a', 0o600)
  try {
    const child = spawn(join(programs, 'postgres'), ['-D', paths.data], {
      cwd: '/',
      env: environment,
      // A new session, so that neither Ctrl-C nor a closed terminal stops the server.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...users.server,
    })
    child.unref()
    await spawned(child)
    return {
      hasExited: () => child.exitCode !== null || child.signalCode !== null,
      output: async () => (await readFile(paths.log)).subarray(offset).toString(),
    }
  } finally {
    await log.close()
  }
}

/** Begins a new log if the old one exceeds a megabyte; returns the log's size in bytes. */
async function keepLogSmall(paths: ServerPaths): Promise<number> {
  const { size = 0 } = statSync(paths.log, { throwIfNoEntry: false }) ?? {}
  if (size < 1024 * 1024) return size
  await rename(paths.log, `${paths.log}.1`)
  return 0
}

/**
 * PostgreSQL trusts a pid file if the process exists, even if it is not a server. In another
 * container, which has its own process ids and perhaps its own /tmp, the server can exist although
 * its process and its socket are not seen here. Throws DB_UNREACHABLE then.
 */
async function removeStaleFiles(paths: ServerPaths): Promise<void> {
  if ((await postmasterPid(paths)) !== null) return
  if (await listensInData(paths)) {
    // A server that has only just been started here has its pid file before it listens.
    if ((await postmasterPid(paths)) !== null) return
    throw unreachable(
      `A server in another container uses the data in ${paths.root}. Stop it there, mount the data under the same short path in both, or set TICKETS_DATA_DIR to another directory.`,
    )
  }
  const sockets = [paths.socket, socketIn(paths.data)]
  for (const path of [
    join(paths.data, 'postmaster.pid'),
    ...sockets.flatMap((socket) => [`${socket}.lock`, socket]),
  ]) {
    await rm(path, { force: true })
  }
}

/**
 * Whether the server failed for a temporary reason: the children of a killed server still hold its
 * shared memory, or another process starts or stops a server at the same time.
 */
function isPassing(output: string): boolean {
  return /pre-existing shared memory block|lock file ".*" already exists|received \w+ shutdown request/.test(
    output,
  )
}

async function commandLine(pid: number): Promise<string> {
  if (platform === 'linux') return (await readIfThere(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ')
  return promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).then(
    ({ stdout }) => stdout,
    () => '',
  )
}

async function readIfThere(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error) => {
    if (['ENOENT', 'ESRCH', 'ENOTDIR'].includes(codeOf(error) ?? '')) return ''
    throw error
  })
}

async function realpathIfThere(path: string): Promise<string | null> {
  return realpath(path).catch(() => null)
}
