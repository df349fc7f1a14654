import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { assertSold, HOT_HOUSE } from './loop.js'
import type { BenchDatabase } from './server.js'
import { addShow } from './shows.js'

const script = fileURLToPath(new URL('pgbench.sql', import.meta.url))

export async function hasPgbench(): Promise<boolean> {
  const { failed } = await execa('pgbench', ['--version'], { reject: false })
  return !failed
}

/** Sells `count` seats of a fresh show by pgbench with prepared statements; bookings a second. */
export async function pgbenchRate(
  database: BenchDatabase,
  { clients, count }: { clients: number; count: number },
): Promise<number> {
  await database.sql('create sequence if not exists bench_references')
  const show = await addShow(database, HOT_HOUSE)
  const each = Math.floor(count / clients)
  const { host, port, user, database: name } = database.connection
  const { stdout } = await execa(
    'pgbench',
    ['--no-vacuum', '--protocol=prepared', '--file', script, '--define', `show=${show}`]
      .concat(['--client', String(clients), '--jobs', String(Math.min(clients, 2))])
      .concat(['--transactions', String(each), name]),
    { env: { PGHOST: host, PGPORT: String(port), PGUSER: user } },
  )
  await assertSold(database, show, each * clients)
  return Number(/^tps = ([\d.]+)/m.exec(stdout)![1])
}
