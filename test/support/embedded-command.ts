import { argv, env } from 'node:process'
import pg from 'pg'
import { ensureEmbedded, stopEmbedded } from '../../src/database/embedded/embedded.js'
import { embeddedDataDir } from '../../src/database/embedded/location.js'
import { connectionOf, serverPaths } from '../../src/database/embedded/paths.js'
import { TicketsError } from '../../src/shared/errors.js'

/** The result that the process prints, as one line of JSON. */
export interface EmbeddedAnswer {
  dataDir: string
  progress: string[]
  stopped?: string
  /** The user that the server reports. */
  user?: string
  error?: { code: string; message: string }
}

// A separate program, so that tests can start it several times at once, kill it, and run it as
// another user.
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
  // Remove the file as another program would, without checking who owns it.
  const client = new pg.Client(connectionOf(serverPaths(dataDir)))
  await client.connect()
  const { rows } = await client.query('select current_user')
  await client.end()
  return rows[0].current_user
}
