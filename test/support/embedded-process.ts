import { chmod, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { execa, execaNode, type Options, type ResultPromise } from 'execa'
import { stopEmbedded } from '../../src/database/embedded/embedded.js'
import { serverPaths } from '../../src/database/embedded/paths.js'
import type { EmbeddedAnswer } from './embedded-command.js'

const project = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Runs processes of one bundled program, like the released one, in the environment of the caller.
 */
export interface EmbeddedProgram {
  start(action: 'ensure' | 'stop' | 'connect', options: RunOptions): ResultPromise
  run(action: 'ensure' | 'stop' | 'connect', options: RunOptions): Promise<EmbeddedAnswer>
  remove(): Promise<void>
}

export interface RunOptions {
  dataDir?: string
  home?: string
  /** The user to run as; needs root. */
  uid?: number
  gid?: number
  /** Start it in its own process group, which can be killed as a whole. */
  detached?: boolean
  /** Run it in a container that sees neither this directory nor any process outside; needs root. */
  hidden?: string
}

export async function buildEmbeddedProgram(): Promise<EmbeddedProgram> {
  const directory = await mkdtemp(join(tmpdir(), 'tickets-program-'))
  await chmod(directory, 0o755)
  const outfile = join(directory, 'embedded.mjs')
  await build({
    entryPoints: [join(project, 'test/support/embedded-command.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
  })
  await symlink(join(project, 'node_modules'), join(directory, 'node_modules'))
  const start: EmbeddedProgram['start'] = (action, options) => {
    const { dataDir, home = '/nonexistent', hidden, ...rest } = options
    const env = { HOME: home, ...(dataDir && { TICKETS_DATA_DIR: dataDir }) }
    const how: Options = { env, extendEnv: false, cwd: '/', reject: false, ...rest }
    if (hidden === undefined) return execaNode(outfile, [action], how)
    const namespaces = ['--mount', '--pid', '--ipc', '--fork', '--mount-proc']
    const script = 'mount -t tmpfs -o mode=700 none "$0" && "$@"'
    const command = ['sh', '-c', script, hidden, process.execPath, outfile, action]
    const { PATH } = process.env
    const container = { ...how, env: { ...env, PATH } } as Options
    return execa('unshare', [...namespaces, ...command], container)
  }
  return {
    start,
    run: async (action, options) => JSON.parse(String((await start(action, options)).stdout)),
    remove: () => rm(directory, { recursive: true }),
  }
}

/**
 * A data directory for one test. Its server is stopped and the directory is removed, even if the
 * test fails.
 */
export async function withDataDir(
  use: (dataDir: string) => Promise<void>,
  { name = 'tickets', copyOf }: { name?: string; copyOf?: string } = {},
): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'tickets-embedded-'))
  await chmod(parent, 0o755)
  const dataDir = join(parent, name)
  try {
    if (copyOf) await copyServer(copyOf, dataDir)
    await use(dataDir)
  } finally {
    await stopEmbedded(dataDir).catch(() => {})
    const { socketDir } = serverPaths(dataDir)
    if (!socketDir.startsWith(parent)) await rm(socketDir, { recursive: true, force: true })
    await rm(parent, { recursive: true, maxRetries: 5 })
  }
}

/**
 * Copies a stopped server. Not with fs.cp: the files must keep their owner, and the links must stay
 * links.
 */
export async function copyServer(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o700 })
  for (const name of await readdir(from)) {
    const how = name.startsWith('server-') ? '-al' : '-a'
    await execa('cp', [how, join(from, name), to])
  }
}
