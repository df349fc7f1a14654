import { type ChildProcess, spawn } from 'node:child_process'
import dns from 'node:dns'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { translateFailure } from '../../src/database/failures.js'
import { openKnexPool } from '../../src/database/knex-pool.js'
import { findDatabase } from '../../src/database/settings/settings.js'

let server: ChildProcess
const waiting: Socket[] = []
afterEach(() => {
  vi.restoreAllMocks()
  for (const socket of waiting.splice(0)) socket.destroy()
  server.kill('SIGKILL')
})

/**
 * Answers every connection like a PostgreSQL server that refuses the login, and prints its port.
 */
const SERVER = `
  const fields = 'SFATAL\\0VFATAL\\0C28P01\\0Mno\\0\\0'
  const length = Buffer.alloc(4)
  length.writeInt32BE(4 + fields.length)
  require('node:net').createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.end(Buffer.concat([Buffer.from('E'), length, Buffer.from(fields)])))
  }).listen({ host: '127.0.0.1', port: 0, backlog: 1 }, function () { console.log(this.address().port) })`

test('a host with a slow address and a dead one is connected to', async () => {
  server = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(server.stdout!, 'data')
  const port = Number(String(line))
  // A stopped process accepts no connections. When its queue is full, the system drops the next
  // SYN, and the client repeats it after a second, as on a slow network.
  server.kill('SIGSTOP')
  for (let i = 0; i < 3; i++) waiting.push(connect(port, '127.0.0.1').on('error', () => {}))
  await once(waiting[0]!, 'connect')
  await once(waiting[1]!, 'connect')

  const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }))
  const lookup = (_host: string, _options: object, done: (...args: unknown[]) => void) => {
    done(null, addresses)
    setImmediate(() => server.kill('SIGCONT'))
  }
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as never)
  const target = findDatabase({
    db: `postgres://u:p@two.invalid:${port}/x?sslmode=disable`,
    env: {},
    cwd: '/',
    homeDir: '/nowhere',
  })
  if (target.kind === 'embedded') throw new Error('embedded')
  const db = openKnexPool(target, { waitMs: 5000 })
  const error = await db.knex.raw('select 1').catch((thrown) => translateFailure(thrown, target))
  await db.close()
  // It got as far as the login, which the first address refuses.
  expect(error).toMatchObject({ code: 'DB_AUTH' })
})
