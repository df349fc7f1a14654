import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { ask, createShow, type OwnHttpServer, serveHere, serveProcess } from '../support/http.js'
import { runInProcess } from '../support/in-process.js'
import { withFacts } from '../support/wording.js'

let db: TestDatabase
let open: OwnHttpServer
let server: OwnHttpServer
let show: string
beforeAll(async () => {
  db = await cloneDatabase()
  open = await serveHere(db.url)
  show = await createShow(open.url)
  server = await serveHere(db.url, { requireToken: true })
})
afterAll(async () => {
  await Promise.all([server.close(), open.close()])
  await db.drop()
})

const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })

async function makeToken(role: string): Promise<{ id: string; token: string }> {
  const made = await run('token', 'create', '--name', `the ${role}`, '--role', role, '--json')
  expect(made.exitCode).toBe(0)
  return made.json()
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const newShow = { name: 'Cats', start_time: '2030-01-01T19:00Z', total_seats: 5 }

/**
 * The answers of each route to a client: the status of creating, booking, reading a booking, a
 * show.
 */
async function statuses(headers: Record<string, string>): Promise<number[]> {
  const requests = [
    ask(`${server.url}/admin/shows`, { body: newShow, headers }),
    ask(`${server.url}/shows/${show}/book`, { body: { seats_count: 1 }, headers }),
    ask(`${server.url}/bookings/2222-2222/cancel`, { body: {}, headers }),
    ask(`${server.url}/bookings/2222-2222`, { headers }),
    ask(`${server.url}/shows/${show}`, { headers }),
  ]
  return (await Promise.all(requests)).map(({ status }) => status)
}

describe('a server that requires tokens', () => {
  it.each([
    ['admin', [201, 201, 404, 404, 200]],
    ['box-office', [403, 201, 404, 404, 200]],
    ['read', [403, 403, 403, 404, 200]],
  ])('permits the role %s exactly this: %j', async (role, expected) => {
    const { token } = await makeToken(role)
    expect(await statuses(bearer(token))).toEqual(expected)
  })

  it('permits a client without a token only to read shows', async () => {
    expect(await statuses({})).toEqual([401, 401, 401, 401, 200])
    const answered = await ask(`${server.url}/admin/shows`, { body: newShow })
    expect(answered.headers.get('www-authenticate')).toBe('Bearer')
    expect(answered.body.error.code).toBe('UNAUTHORIZED')
  })

  it('reserves no room for bodies that clients without a token announce and never send', async () => {
    const small = await serveHere(db.url, {
      requireToken: true,
      limits: { requests: 50, bytes: 1000 },
    })
    const { port, hostname } = new URL(small.url)
    const strangers = ['/admin/shows', `/shows/${show}/book`, '/nowhere'].map(async (path) => {
      const socket = connect(Number(port), hostname)
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n`,
      )
      const [answer] = await once(socket, 'data')
      return { socket, status: String(answer).slice(9, 12) }
    })
    const answered = await Promise.all(strangers)
    expect(answered.map(({ status }) => status)).toEqual(['401', '401', '404'])
    const { token } = await makeToken('box-office')
    const booked = await ask(`${small.url}/shows/${show}/book`, {
      body: { seats_count: 1, note: 'a'.repeat(500) },
      headers: bearer(token),
    })
    expect(booked.status).toBe(201)
    for (const { socket } of answered) socket.destroy()
    await small.close()
  })

  it('refuses what is nearly a token', async () => {
    const { token } = await makeToken('admin')
    const last = token.endsWith('A') ? 'B' : 'A'
    const other = await makeToken('admin')
    for (const wrong of [
      token.slice(0, -1) + last,
      token.slice(0, -1),
      `${token}A`,
      token.slice(0, 17) + other.token.slice(17),
      token.toUpperCase(),
      '',
      'tkt_',
      `tkt_000000000000_${'A'.repeat(43)}`,
      `' or true --`,
    ]) {
      const { status } = await ask(`${server.url}/admin/shows`, {
        body: newShow,
        headers: bearer(wrong),
      })
      expect([wrong, status]).toEqual([wrong, 401])
    }
    const basic = { authorization: `Basic ${token}` }
    expect((await statuses(basic))[0]).toBe(401)
    expect((await statuses(bearer(token)))[0]).toBe(201)
  })

  it('refuses a token from the next request on after the command that revokes it', async () => {
    const { id, token } = await makeToken('admin')
    expect((await statuses(bearer(token)))[0]).toBe(201)
    const revoked = await run('token', 'revoke', id)
    expect([revoked.exitCode, revoked.stdout]).toEqual([0, withFacts(id, 'the admin')])
    expect((await statuses(bearer(token)))[0]).toBe(401)
  })

  it('keeps the time of the first revocation if a token is revoked again', async () => {
    const { id } = await makeToken('admin')
    const box = openTickets({ database: db.url })
    await box.revokeToken(id)
    await db.sql(`update api_tokens set revoked_at = timestamptz '2020-01-01Z' where id = $1`, [id])
    expect(await box.revokeToken(id)).toMatchObject({ revokedAt: new Date('2020-01-01Z') })
    const listed = (await box.listTokens()).find((token) => token.id === id)
    expect(listed).toMatchObject({ revokedAt: new Date('2020-01-01Z') })
    await box.close()
  })

  it('refuses a token that is in constant use as soon as it is revoked', async () => {
    const elsewhere = openTickets({ database: db.url, env: {} })
    for (let round = 0; round < 20; round++) {
      const { token, text } = await elsewhere.createToken({ name: 'busy', role: 'read' })
      const look = async () =>
        (await ask(`${server.url}/bookings/2222-2222`, { headers: bearer(text) })).status
      let isRevoked = false
      const users = Array.from({ length: 8 }, async () => {
        const seen: number[] = []
        while (!isRevoked) seen.push(await look())
        return seen
      })
      expect(await look()).toBe(404)
      await elsewhere.revokeToken(token.id)
      expect(await Promise.all(Array.from({ length: 8 }, look))).toEqual(Array(8).fill(401))
      isRevoked = true
      for (const status of (await Promise.all(users)).flat()) expect([404, 401]).toContain(status)
    }
    await elsewhere.close()
  })

  it('logs no token', async () => {
    const { token } = await makeToken('read')
    await statuses(bearer(token))
    await ask(`${server.url}/shows?token=${token}`)
    await expect.poll(() => server.log()).toContain('"path":"/shows"')
    expect(server.log()).not.toContain(token.slice(17))
  })
})

describe('endpoints about the server itself', () => {
  const paths = [
    '/metrics',
    '/metrics/',
    '/docs',
    '/docs/',
    '/docs/json',
    '/docs/yaml',
    '/docs/static/index.html',
    '/docs/static/swagger-ui.css',
    '/openapi.json',
  ]

  let token: string
  beforeAll(async () => {
    token = (await makeToken('read')).token
  })

  it.each(paths)(
    'GET %s requires a token if other routes do, and any role may use it',
    async (path) => {
      for (const method of ['GET', 'HEAD']) {
        expect((await ask(server.url + path, { method })).status).toBe(401)
        const allowed = await ask(server.url + path, { method, headers: bearer(token) })
        expect(allowed.status).toBe((await ask(open.url + path, { method })).status)
        if (method === 'GET') expect(allowed.status).toBe(200)
      }
    },
  )

  it.each(['/healthz', '/readyz', '/shows'])('GET %s is public', async (path) => {
    expect((await ask(server.url + path)).status).toBe(200)
  })

  it('is public with --public-info, and no other route is', async () => {
    const serving = await serveProcess(db.url, ['--port', '0', '--require-token', '--public-info'])
    for (const path of paths) expect((await ask(serving.url + path)).status).toBe(200)
    expect((await ask(`${serving.url}/bookings/2222-2222`)).status).toBe(401)
    expect(await serving.stop()).toBe(0)
  })
})

it('the database stores a hash, and nothing that can be used as a token', async () => {
  const { id, token } = await makeToken('read')
  const [row] = await db.sql<{ secret_hash: Buffer }>('select * from api_tokens where id = $1', [
    id,
  ])
  const secret = token.slice(`tkt_${id}_`.length)
  expect(row!.secret_hash).toEqual(createHash('sha256').update(secret).digest())
  expect(JSON.stringify(row)).not.toContain(secret)
  const listed = await run('token', 'list', '--json')
  expect(listed.json()).toContainEqual(expect.objectContaining({ id, role: 'read' }))
  expect(listed.stdout).not.toContain(secret)
})

it.each([
  [['create', '--name', 'x'], 'INPUT_REQUIRED'],
  [['create', '--name', 'x', '--role', 'god'], 'INVALID_INPUT'],
  [['create', '--name', ' ', '--role', 'read'], 'INVALID_INPUT'],
  [['revoke', 'nobody'], 'INVALID_INPUT'],
  [['revoke', '000000000000'], 'INVALID_INPUT'],
])('tickets token %j: exit 2, %s', async (args, code) => {
  const ran = await run('token', ...args, '--json')
  expect([ran.exitCode, ran.json().error.code]).toEqual([2, code])
})

it('on an address that other machines can reach, the server does not start without a token, and requires it', async () => {
  const other = await cloneDatabase()
  const args = ['--host', '0.0.0.0', '--port', '0']
  const env = { DATABASE_URL: other.url }
  const refused = await runInProcess(['serve', ...args], env)
  expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('token create')])
  const made = await runInProcess(['token', 'create', '--name', 'x', '--role', 'admin'], env)
  const open = await serveProcess(other.url, args)
  const url = `http://127.0.0.1:${new URL(open.url).port}`
  expect((await ask(`${url}/admin/shows`, { body: newShow })).status).toBe(401)
  const headers = bearer(made.stdout.trim())
  expect((await ask(`${url}/admin/shows`, { body: newShow, headers })).status).toBe(201)
  const many = await Promise.all(Array.from({ length: 120 }, () => ask(`${url}/shows`)))
  const limited = many.filter(({ status }) => status === 429)
  expect(limited.length).toBeGreaterThan(0)
  expect(limited[0]!.headers.get('retry-after')).toBe('1')
  expect(limited[0]!.body.error).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryable: true })
  expect(await open.stop()).toBe(0)
  await other.drop()
})

it('only the web pages that are named may call the server', async () => {
  const shop = 'https://shop.example'
  const named = await serveHere(db.url, { corsOrigins: [shop] })
  const allowed = await ask(`${named.url}/shows`, { headers: { origin: shop } })
  expect(allowed.headers.get('access-control-allow-origin')).toBe(shop)
  expect(allowed.headers.get('access-control-expose-headers')).toContain('retry-after')
  const other = await ask(`${named.url}/shows`, { headers: { origin: 'https://evil.example' } })
  expect(other.headers.get('access-control-allow-origin')).toBe(null)
  const body = { seats_count: 1 }
  const book = (origin: string) =>
    ask(`${named.url}/shows/${show}/book`, { body, headers: { origin } })
  expect((await book(shop)).status).toBe(201)
  expect((await book('https://evil.example')).status).toBe(403)
  await named.close()
  const unnamed = await ask(`${server.url}/shows`, { headers: { origin: shop } })
  expect(unnamed.headers.get('access-control-allow-origin')).toBe(null)
})
