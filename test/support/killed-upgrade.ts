import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execaNode } from 'execa'
import { makingPrefix } from '../../src/database/embedded/paths.js'
import { bareEnvironment, program } from './cli.js'

/**
 * Starts an upgrade and kills it by SIGKILL after a share of its usual time `ms`; at every even
 * millisecond together with its servers, as in a power failure. Returns whether the old or the new
 * data is in place.
 */
export async function killedUpgrade(
  dataDir: string,
  { moment, ms }: { moment: number; ms: number },
): Promise<'old' | 'new'> {
  const env = { ...bareEnvironment, TICKETS_DATA_DIR: dataDir }
  const upgrade = execaNode(program, ['db', 'upgrade'], { env, extendEnv: false, reject: false })
  const after = Math.round(moment * ms)
  await Promise.race([sleep(after), upgrade])
  upgrade.kill('SIGKILL')
  await upgrade
  if (after % 2 === 0) {
    // The directory of the new data has the process id in its name.
    const names = (await readdir(dataDir)).filter((name) => name.startsWith(makingPrefix))
    for (const directory of ['.', ...names]) {
      const file = join(dataDir, directory, 'data/postmaster.pid')
      const text = await readFile(file, 'utf8').catch(() => '')
      const pid = Number(text.split('\n')[0])
      if (pid > 0) kill(pid)
    }
  }
  const version = await readFile(join(dataDir, 'data/PG_VERSION'), 'utf8').catch(() => 'none')
  return version.startsWith('18') ? 'new' : 'old'
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has already ended.
  }
}
