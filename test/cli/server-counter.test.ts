import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isAlive } from '../support/booking-process.js'
import { tickets } from '../support/cli.js'
import { oneTo } from '../support/shows.js'
import { until } from '../support/until.js'

describe('with the embedded server', () => {
  let dataDir: string
  let cache: string
  let show: string
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tickets-beside-'))
  })
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'tickets-beside-cache-'))
  })
  afterEach(async () => {
    await run(['counter', 'stop'])
    await run(['db', 'stop'])
    await rm(cache, { recursive: true })
  })
  afterAll(() => rm(dataDir, { recursive: true }))

  const run = (args: string[], env: NodeJS.ProcessEnv = {}) =>
    tickets(args, {
      env: { TICKETS_DATA_DIR: dataDir, XDG_CACHE_HOME: cache, TICKETS_COUNTER: '', ...env },
    })
  const counter = async (action = 'status') => (await run(['counter', action, '--json'])).json()
  const counterOpens = async () => {
    await until(async () => (await counter()).state === 'open')
    return counter()
  }
  const addShow = async (env?: NodeJS.ProcessEnv) => {
    const words = ['--name', 'A', '--start-time', '2030-01-01T19:00Z', '--total-seats', '9']
    show = (await run(['show', 'create', ...words, '--json'], env)).json().id
  }
  const book = (env?: NodeJS.ProcessEnv) => run(['book', show, '--count', '1', '--json'], env)

  it('comes a counter: whatever starts the one opens the other, which serves, and closes with it', async () => {
    await addShow()
    const { pid, server, idle_ms } = await counterOpens()
    expect([server, idle_ms]).toEqual([dataDir, null])
    const text = await run(['counter', 'status'])
    expect(text.stdout).toContain(`closes\twith the embedded server in ${dataDir}`)
    expect((await book()).exitCode).toBe(0)
    expect((await counter()).served).toBe(1)

    await run(['db', 'stop'])
    await until(() => !isAlive(pid))
    expect((await counter()).state).toBe('closed')

    expect((await run(['db', 'start'])).exitCode).toBe(0)
    expect((await counterOpens()).pid).not.toBe(pid)
    expect((await book()).exitCode).toBe(0)
  })

  it('it closes with one that is killed, too', async () => {
    await addShow()
    const { pid } = await counterOpens()
    process.kill((await run(['db', 'status', '--json'])).json().pid, 'SIGKILL')
    await until(() => !isAlive(pid))
  })

  it('a counter that was opened by hand stays what it is, and takes the place of one that came', async () => {
    const { pid } = await counter('start')
    await addShow()
    expect(await counter()).toMatchObject({ pid, server: null })
    await counter('stop')
    await run(['db', 'stop'])
    await run(['db', 'start'])
    const came = await counterOpens()
    expect(came.server).toBe(dataDir)
    const byHand = await counter('start')
    expect(byHand).toMatchObject({ state: 'open', server: null })
    await until(() => !isAlive(came.pid))
    expect((await counter()).pid).toBe(byHand.pid)
  })

  it('one that a rush has opened, and that would close soon, makes room for it', async () => {
    const { pid } = (await run(['counter', 'start', '--idle', '1h', '--json'])).json()
    await addShow()
    await until(() => !isAlive(pid))
    expect((await counterOpens()).server).toBe(dataDir)
  })

  it('a rush in which the server is started ends up with it', async () => {
    await addShow()
    await counter('stop')
    await run(['db', 'stop'])
    const ended = await Promise.all(oneTo(9).map(() => book()))
    expect(ended.map(({ exitCode }) => exitCode)).toEqual(Array(9).fill(0))
    await until(async () => (await counter()).server === dataDir)
    expect((await run(['verify', show, '--json'])).json()).toMatchObject({ ok: true, bookings: 9 })
  })

  it('one whose order has started the server makes room for it', async () => {
    await addShow()
    await counter('stop')
    await run(['db', 'stop'])
    const { pid } = (await run(['counter', 'start', '--idle', '1h', '--json'])).json()
    expect((await book()).exitCode).toBe(0)
    await until(async () => (await counter()).server === dataDir)
    await until(() => !isAlive(pid))
  })

  it('`db start` opens it beside a server that is up, too', async () => {
    await addShow({ TICKETS_COUNTER: 'off' })
    await run(['db', 'start'])
    expect((await counterOpens()).server).toBe(dataDir)
  })

  it('where no counter is wanted, none comes', async () => {
    await addShow({ TICKETS_COUNTER: 'off' })
    expect((await book({ TICKETS_COUNTER: 'off' })).exitCode).toBe(0)
    expect((await readdir(join(cache, 'tickets'))).filter((it) => /counter/.test(it))).toEqual([])
  })

  it('one that declines five orders in a row makes room', async () => {
    await addShow()
    const { pid } = await counterOpens()
    const other = { NODE_OPTIONS: '--no-deprecation' }
    for (const _ of oneTo(4)) expect((await book(other)).exitCode).toBe(0)
    expect((await book()).exitCode).toBe(0)
    expect(await counter()).toMatchObject({ pid, declined: 4, served: 1 })
    for (const _ of oneTo(4)) expect((await book(other)).exitCode).toBe(0)
    expect((await counter()).pid).toBe(pid)
    expect((await run(['book', show, '--count', '9', '--json'], other)).exitCode).toBe(4)
    await until(() => !isAlive(pid))
  })
})
