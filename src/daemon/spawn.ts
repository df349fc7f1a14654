import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs'
import { TicketsError } from '../shared/errors.js'
import { programFile } from '../shared/program-file.js'
import { PROCESS_VARIABLES } from './variables.js'

const OTHERS = ['LANG', 'LC_ALL', 'LC_CTYPE', 'LOGNAME', 'PATH', 'TMPDIR', 'USER', 'XDG_CACHE_HOME']

/**
 * Starts `tickets daemon run` in the background, and returns when it is open. It keeps nothing of the
 * process that starts it: neither a terminal or a directory, nor the secrets in its environment,
 * which each run request brings along, nor its open files, which may be the lock or the pipe of a
 * script. Throws what the daemon throws.
 */
export async function startInBackground(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const nothing = openSync('/dev/null', 'r+')
  // A child inherits what was open for this process above the first three (`200>lock`).
  const open = existsSync('/dev/fd') ? readdirSync('/dev/fd').map(Number) : []
  const beyond = Array<number>(Math.max(2, ...open) - 2).fill(nothing)
  const child = spawn(process.execPath, [programFile(), 'daemon', 'run', '--json', ...args], {
    cwd: '/',
    detached: true,
    env: Object.fromEntries([...PROCESS_VARIABLES, ...OTHERS].map((name) => [name, env[name]])),
    stdio: ['ignore', 'pipe', 'ignore', ...beyond],
  })
  closeSync(nothing)
  const stdout = child.stdout!
  const [answer] = await Promise.race([once(stdout, 'data'), once(child, 'close')])
  stdout.destroy()
  child.unref()
  if (!(answer instanceof Buffer)) throw new Error(`The daemon ended with ${answer}`)
  const { error } = JSON.parse(answer.toString('utf8'))
  if (error) throw new TicketsError(error.code, error.message)
}
