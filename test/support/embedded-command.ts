import { argv, env } from 'node:process'
import pg from 'pg'
import { ensureEmbedded, stopEmbedded } from '../../src/database/embedded/embedded.js'
import { embeddedDataDir } from '../../src/database/embedded/location.js'
import { connectionOf, serverPaths } from '../../src/database/embedded/paths.js'
import { TicketsError } from '../../src/shared/errors.js'

/** What the process prints, as one line of JSON. */
export interface EmbeddedAnswer {
  dataDir: string
  progress: string[]
  stopped?: string
  /** Who the server says we are. */
  user?: string
  error?: { code: string; message: string }
}

// A program of its own, so that tests can race it, kill it and run it as another user.
const dataDir = embeddedDataDir(env)
const answer: EmbeddedAnswer = { dataDir, progress: [] }
try {
  if (argv[2] === 'stop') answer.stopped = await stopEmbedded(dataDir)
  if (argv[2] === 'ensure') {
    await ensureEmbedded(dataDir, { onProgress: (sentence) => answer.progress.push(sentence) })
  }
  if (argv[2] === 'connect') answer.user = await whoAmI()
} catch (error) {
  const { code, message } = error as TicketsError
  answer.error = { code: error instanceof TicketsError ? code : `not expected: ${code}`, message }
}
process.stdout.write(`${JSON.stringify(answer)}\n`)

async function whoAmI(): Promise<string> {
  // As another program would, which does not look whose it is.
  const client = new pg.Client(connectionOf(serverPaths(dataDir)))
  await client.connect()
  const { rows } = await client.query('select current_user')
  await client.end()
  return rows[0].current_user
}
