import pg from 'pg'
import { othersData } from './cluster.js'
import { codeOf } from './failures.js'
import { connectionOf, type Layout } from './layout.js'

/** Does the server take connections, is it on its way up or down, or is there none? */
export async function probe(layout: Layout): Promise<'ready' | 'busy' | 'absent'> {
  try {
    await withClient(layout, async () => {})
    return 'ready'
  } catch (error) {
    return verdict(error, layout)
  }
}

/** The running server's version, such as '18.4'; null when it does not say. */
export async function askVersion(layout: Layout): Promise<string | null> {
  return withClient(layout, async (client) => {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
    return rows[0]?.server_version ?? null
  }).catch(() => null)
}

function verdict(error: unknown, layout: Layout): 'ready' | 'busy' | 'absent' {
  const code = codeOf(error)
  // Full, or without its database: that is for whoever connects to report.
  if (code === '53300' || code === '3D000') return 'ready'
  if (code === '28000' || code === 'EACCES') throw othersData(layout, undefined, error)
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR' || code === 'ENOTFOUND') {
    return 'absent'
  }
  // 57P03 is a server that is starting, recovering or stopping; a connection that was cut or went
  // unanswered tells nothing yet.
  return 'busy'
}

async function withClient<T>(layout: Layout, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...connectionOf(layout), connectionTimeoutMillis: 5000 })
  // A connection lost between two answers is reported by the next query.
  client.on('error', () => {})
  try {
    await client.connect()
    return await use(client)
  } finally {
    await client.end().catch(() => {})
  }
}
