import { readFile } from 'node:fs/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bareEnvironment, program } from '../support/cli.js'
import { type OwnServer, startOwnServer } from '../support/own-server.js'
import { until } from '../support/until.js'

/**
 * A client on a separate network, on which the server's host can go silent, as when its address
 * moves or its power fails: packets are dropped without an error.
 */
const NAMESPACE = `tickets-${process.pid}`
const HOST = { name: 'tk-host', address: '198.51.100.1' }
const CLIENT = { name: 'tk-client', address: '198.51.100.2' }

const hasNetwork = await makeNetwork()
let server: OwnServer
let db: string
beforeAll(async () => {
  if (!hasNetwork) return
  const settings = { listen_addresses: `localhost,${HOST.address}` }
  server = await startOwnServer({ settings, hba: 'host all all all trust' })
  db = `postgres://owner@${HOST.address}:${server.port}/owner`
  expect((await inside('migrate')).exitCode).toBe(0)
})
afterAll(async () => {
  await server?.remove()
  if (hasNetwork) await removeNetwork()
})

test.skipIf(hasNetwork)('a silent host is not tested: it needs root and `ip netns`', ({ skip }) =>
  skip(),
)

describe.skipIf(!hasNetwork)('a host that goes silent', () => {
  test('refuses a new connection after the wait, with exit code 6', async () => {
    await silence()
    const ran = await inside('show', 'list', '--wait', '2s', '--json')
    await speak()
    expect([ran.exitCode, JSON.parse(ran.stdout).error]).toEqual([
      6,
      expect.objectContaining({
        code: 'DB_UNREACHABLE',
        message: expect.stringMatching(/does not answer|no way to its host/),
      }),
    ])
  })

  test('is passed over for the second host in the list', async () => {
    await silence()
    const url = `postgres://owner@${HOST.address}:${server.port},${encodeURIComponent(server.socketDir)}:${server.port}/owner`
    const ran = await inside('show', 'list', '--wait', '4s', '--json', '--db', url)
    await speak()
    expect([ran.exitCode, ran.stdout]).toEqual([0, '[]'])
  })

  test('is noticed by `serve` although no request uses its connections, and `serve` sells again', async () => {
    const serving = inside(
      'serve',
      '--port',
      '0',
      '--wait',
      '8s', // On a busy machine it takes time to start.
      '--db',
      `${db}?keepalives_idle=1`,
    )
    let url = ''
    serving.stdout.on('data', (chunk) => {
      url += chunk
    })
    await until(() => url.includes('\n'))
    const readyz = async () => {
      const args = ['netns', 'exec', NAMESPACE, process.execPath, '-e', ASK, `${url.trim()}/readyz`]
      return Number((await execa('ip', args)).stdout)
    }
    expect(await readyz()).toBe(200)
    const before = await connectionsOf(serving.pid!)
    expect(before).not.toEqual([])
    await silence()
    // It sends ten probes, a second apart.
    await until(async () =>
      (await connectionsOf(serving.pid!)).every((port) => !before.includes(port)),
    )
    expect(await readyz()).toBe(503)
    await speak()
    await until(async () => (await readyz()) === 200)
    serving.kill('SIGTERM')
    expect((await serving).exitCode).toBe(0)
  })
})

const ASK = 'fetch(process.argv[1]).then(({ status }) => console.log(status))'

/** Runs the program in the namespace, whose only network leads to the server's host. */
function inside(...args: string[]) {
  const command = ['netns', 'exec', NAMESPACE, process.execPath, program, ...args]
  return execa('ip', command, {
    reject: false,
    stdin: 'ignore',
    extendEnv: false,
    env: { ...bareEnvironment, DATABASE_URL: db },
  })
}

/** The client ports of the open connections from a process to the server. */
async function connectionsOf(pid: number): Promise<string[]> {
  const table = await readFile(`/proc/${pid}/net/tcp`, 'latin1')
  const serverPort = `:${server.port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/))
  const ESTABLISHED = '01'
  return rows
    .filter(([, , remote, state]) => remote?.endsWith(serverPort) && state === ESTABLISHED)
    .map(([, local]) => local!)
}

/** Drops all packets from the server's host. */
const silence = () => ip('route', 'add', 'blackhole', `${CLIENT.address}/32`)
const speak = () => ip('route', 'del', 'blackhole', `${CLIENT.address}/32`)

async function ip(...args: string[]): Promise<void> {
  await execa('ip', args)
}

/** Whether there is a network. Creating one needs root and a system that permits it. */
async function makeNetwork(): Promise<boolean> {
  try {
    await ip('netns', 'add', NAMESPACE)
    await ip('link', 'add', HOST.name, 'type', 'veth', 'peer', 'name', CLIENT.name)
    await ip('link', 'set', CLIENT.name, 'netns', NAMESPACE)
    await ip('addr', 'add', `${HOST.address}/24`, 'dev', HOST.name)
    await ip('link', 'set', HOST.name, 'up')
    const client = ['-n', NAMESPACE]
    await ip(...client, 'addr', 'add', `${CLIENT.address}/24`, 'dev', CLIENT.name)
    await ip(...client, 'link', 'set', CLIENT.name, 'up')
    await ip(...client, 'link', 'set', 'lo', 'up')
    return true
  } catch {
    await removeNetwork()
    return false
  }
}

async function removeNetwork(): Promise<void> {
  await ip('netns', 'del', NAMESPACE).catch(() => {})
  await ip('link', 'del', HOST.name).catch(() => {})
}
