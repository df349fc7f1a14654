// npm run test:faults -- [--seed N] [what vitest takes]: the fault tests, with another seed.
import { spawn } from 'node:child_process'
import { argv, env, execPath, stderr } from 'node:process'
import { fileURLToPath } from 'node:url'

const project = fileURLToPath(new URL('../..', import.meta.url))
const args = argv.slice(2)
const at = args.indexOf('--seed')
const [, seed] = at < 0 ? [] : args.splice(at, 2)
if (at >= 0 && !/^\d{1,9}$/.test(seed ?? '')) {
  stderr.write('--seed is a whole number of up to nine digits.\n')
  process.exitCode = 2
} else {
  const vitest = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'test/faults/vitest.config.ts',
  ]
  spawn(execPath, [...vitest, ...args], {
    cwd: project,
    stdio: 'inherit',
    env: { ...env, ...(seed !== undefined && { TICKETS_FAULTS_SEED: seed }) },
  }).on('exit', (code) => {
    process.exitCode = code ?? 1
  })
}
