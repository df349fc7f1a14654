import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runInProcess } from '../support/in-process.js'
import { olderServers, serversLookedFor } from '../support/older-servers.js'
import { type OwnServer, startOwnServer } from '../support/own-server.js'

const servers = olderServers()
const embedded = { version: 18, programs: undefined }

test.skipIf(servers.length > 0)(
  `${serversLookedFor}: none is installed, so none is tested`,
  ({ skip }) => skip(),
)

describe.each([...servers, embedded])('PostgreSQL $version', ({ version, programs }) => {
  let server: OwnServer
  let db: string
  beforeAll(async () => {
    server = await startOwnServer({ programs })
    db = `postgres://owner@${encodeURIComponent(server.socketDir)}:${server.port}/owner`
    expect(await run(['migrate'], { db })).toMatchObject({ exitCode: 0 })
  })
  afterAll(() => server?.remove())

  const tickets = async (...args: string[]) => {
    const ran = await run([...args, '--json'], { db })
    return { exitCode: ran.exitCode, ...ran.json() }
  }

  test('is the server that is connected to', async () => {
    const { rows } = await server.run('show server_version_num')
    expect(Math.floor(Number(rows[0].server_version_num) / 10_000)).toBe(version)
  })

  test('clerks who race for its seats get each seat once', async () => {
    const crowd = ['--in-process', '--bookings', '150', '--concurrency', '64']
    expect(await tickets('stress', ...crowd)).toMatchObject({
      exitCode: 0,
      problems: [],
      violations: [],
      failed: 0,
    })
  })

  test('bookings go through their whole life, and the history has each step', async () => {
    const create = ['--name', 'Lear', '--start-time', '2031-03-01T19:30Z', '--time-zone', 'UTC']
    await tickets('show', 'create', ...create, '--total-seats', '40', '--seats-per-row', '10')
    const { reference } = await tickets('book', 'Lear', '--seats', 'A1-A4', '--hold', '1h')
    expect(await tickets('booking', 'confirm', reference)).toMatchObject({ exitCode: 0 })
    expect(await tickets('booking', 'move', reference, '--to', 'B1-B4')).toMatchObject({
      seat_labels: ['B1', 'B2', 'B3', 'B4'],
    })
    expect(await tickets('booking', 'check-in', reference, '--seats', 'B1')).toMatchObject({
      exitCode: 0,
    })
    expect(await tickets('booking', 'cancel', reference, '--seats', 'B4', '-y')).toMatchObject({
      exitCode: 0,
    })
    expect(await tickets('show', 'list', '--search', 'lea')).toMatchObject({ exitCode: 0 })
    expect(await tickets('show', 'report', 'Lear')).toMatchObject({ exitCode: 0 })
    expect(await tickets('history', '--show', 'Lear', '--seat', 'B4')).toMatchObject({
      exitCode: 0,
    })
    expect(await tickets('verify')).toMatchObject({ exitCode: 0, violations: [] })
  })

  test('a role that owns nothing may book, and no more', async () => {
    await server.run('create role clerk login')
    expect(await run(['migrate', '--grant', 'clerk'], { db })).toMatchObject({ exitCode: 0 })
    await server.run(`alter role clerk password 'seat'`)
    const clerk = `postgres://clerk:seat@localhost:${server.port}/owner?sslmode=disable`
    const booked = await run(['book', 'Lear', '--count', '2', '--json'], { db: clerk })
    expect(booked).toMatchObject({ exitCode: 0 })
    expect(await run(['migrate', '--rollback', '--yes'], { db: clerk })).toMatchObject({
      exitCode: 6,
    })
  })
})

const run = (args: string[], { db }: { db: string }) => runInProcess(args, { DATABASE_URL: db })
