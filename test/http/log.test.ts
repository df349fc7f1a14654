import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { ask, type OwnHttpServer, type ServerSettings, serveHere } from '../support/http.js'
import { type DatabaseProxy, isCommit, openProxy } from '../support/proxy.js'
import { insertShow, lockShow } from '../support/shows.js'
import { until } from '../support/until.js'

let db: TestDatabase
let proxy: DatabaseProxy
let show: string
beforeAll(async () => {
  db = await cloneDatabase()
  proxy = await openProxy(db.url)
  show = await insertShow(db)
})
afterAll(async () => {
  await proxy.close()
  await db.drop()
})

async function serve(
  url: string,
  settings: ServerSettings & { waitMs?: number } = {},
): Promise<OwnHttpServer> {
  const server = await serveHere(url, { waitMs: 300, logLevel: 'info', ...settings })
  onTestFinished(() => server.close())
  return server
}

const lines = ({ log }: OwnHttpServer) =>
  log()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

/** The line in the log about a request, found by the id in the response. */
async function lineAbout(server: OwnHttpServer, { headers }: { headers: Headers }) {
  const isIt = (line: { reqId?: string; msg: string }) =>
    line.msg === 'request' && line.reqId === headers.get('x-request-id')
  await until(() => lines(server).some(isIt))
  return lines(server).find(isIt)
}

const addressOf = (url: string) => new URL(url.replace('@/', '@x/'))
/** What a client must not be told: the database, its host or directory, and its port. */
function secretsOf(url: string): string[] {
  const { pathname, searchParams, port } = addressOf(url)
  const secrets = [pathname.slice(1), searchParams.get('host'), searchParams.get('port'), port]
  return secrets.filter((secret) => secret !== null && secret !== '') as string[]
}

/** A state of the database, and the URL with which the server sees it. */
const states: Record<string, () => Promise<string>> = {
  async DB_UNREACHABLE() {
    const gone = await openProxy(db.url)
    await gone.close()
    return gone.url
  },
  async DB_AUTH() {
    const login = `clerk_${db.url.match(/test_(\w{6})/)![1]}`
    await db.sql(`create role ${login} login`)
    onTestFinished(async () => void (await db.sql(`drop role ${login}`)))
    await db.sql('revoke usage on schema public from public')
    onTestFinished(async () => void (await db.sql('grant usage on schema public to public')))
    return db.url.replace(/\/\/[^@]*@/, `//${login}@`)
  },
  async DB_MISSING() {
    return db.url.replace(/test_\w+/, 'test_that_is_not_there')
  },
  async NOT_MIGRATED() {
    const empty = await cloneDatabase({ empty: true })
    onTestFinished(() => empty.drop())
    return empty.url
  },
  async SCHEMA_TOO_NEW() {
    const newer = await cloneDatabase()
    onTestFinished(() => newer.drop())
    await newer.sql(
      `insert into knex_migrations (name, batch, migration_time) values ('9999_later', 2, now())`,
    )
    return newer.url
  },
  async BUSY() {
    const locked = await lockShow(db, show)
    onTestFinished(() => locked.release())
    return db.url
  },
}

describe('a database that cannot be used', () => {
  it.each(Object.keys(states))(
    '%s: 503 does not mention the database, its host and its login, and the log does',
    async (code) => {
      const url = await states[code]!()
      const server = await serve(url)
      const answered =
        code === 'BUSY'
          ? await ask(`${server.url}/shows/${show}/book`, { body: { seats: [1] } })
          : await ask(`${server.url}/shows`)
      expect([answered.status, answered.body.error.code]).toEqual([503, code])
      const response = JSON.stringify([answered.body, ...answered.headers])
      for (const secret of secretsOf(url)) expect(response).not.toContain(secret)
      expect(response).not.toMatch(/clerk_|sslmode|pg_hba|DATABASE_URL|migrate/)
      const line = await lineAbout(server, answered)
      expect(line).toMatchObject({
        level: 40,
        status: 503,
        address: '127.0.0.1',
        failure: { code },
      })
      if (code !== 'SCHEMA_TOO_NEW') {
        expect(line.failure.message).toContain(addressOf(url).pathname.slice(1))
      }
      if (['DB_UNREACHABLE', 'DB_MISSING', 'BUSY'].includes(code)) {
        const driver = { DB_UNREACHABLE: 'ECONNREFUSED', DB_MISSING: '3D000', BUSY: '55P03' }
        expect(line.failure.cause.code).toBe(driver[code as keyof typeof driver])
      }
    },
  )

  it('/readyz does not either, and the log has the reason why a probe failed', async () => {
    const server = await serve(await states.DB_UNREACHABLE!())
    const answered = await ask(`${server.url}/readyz`)
    expect([answered.status, answered.body.error.code]).toEqual([503, 'DB_UNREACHABLE'])
    expect(JSON.stringify(answered.body)).not.toContain('127.0.0.1')
    const line = await lineAbout(server, answered)
    expect(line.failure.cause.code).toBe('ECONNREFUSED')
  })

  it.each([
    ['without a key', {}, false],
    ['with one', { 'idempotency-key': 'lost' }, true],
  ])(
    'a booking whose COMMIT was lost, %s, is reported as in doubt, and the log has its reference',
    async (_, headers, retryable) => {
      let isCut = false
      proxy.decide((message) => {
        isCut ||= isCommit(message)
        return isCut ? 'cut before' : 'pass'
      })
      onTestFinished(() => proxy.decide(() => 'pass'))
      const server = await serve(proxy.url)
      const answered = await ask(`${server.url}/shows/${show}/book`, {
        headers,
        body: { seats_count: 1 },
      })
      expect(answered.status).toBe(503)
      expect(answered.body.error).toMatchObject({ code: 'IN_DOUBT', retryable })
      expect(answered.headers.get('retry-after')).toBe(retryable ? '1' : null)
      const { reference } = (
        await db.sql<{ reference: string }>(
          'select reference from bookings order by id desc limit 1',
        )
      )[0]!
      expect(answered.body.error.message).toContain(reference.slice(0, 4))
      const line = await lineAbout(server, answered)
      expect(line.failure.message).toContain(reference.slice(0, 4))
      expect(line.failure.cause.message).toContain(addressOf(db.url).pathname.slice(1))
    },
  )

  it('a watch whose database goes away logs one line, however long that takes', async () => {
    const own = await openProxy(db.url)
    const server = await serve(own.url)
    const leaving = new AbortController()
    onTestFinished(() => leaving.abort())
    const events = await fetch(`${server.url}/shows/${show}/events`, { signal: leaving.signal })
    await events.body!.getReader().read()
    await own.close()
    const failures = () => lines(server).filter(({ msg }) => msg === 'watch')
    await until(() => failures().length > 0)
    expect(failures()).toMatchObject([{ level: 40, failure: { code: 'DB_UNREACHABLE' } }])
  })
})

describe('a line of the log', () => {
  it('has the address and the name of the token, also for a refused request', async () => {
    const server = await serve(db.url, { requireToken: true })
    const { text } = await server.tickets.createToken({ name: 'till 3', role: 'read' })
    const headers = { authorization: `Bearer ${text}` }
    const read = await ask(`${server.url}/bookings/2222-2222`, { headers })
    expect(await lineAbout(server, read)).toMatchObject({
      status: 404,
      address: '127.0.0.1',
      token: 'till 3',
    })
    const refused = await ask(`${server.url}/shows/${show}/book`, { body: {}, headers })
    expect(await lineAbout(server, refused)).toMatchObject({ status: 403, token: 'till 3' })
    const open = await ask(`${server.url}/shows`)
    const line = await lineAbout(server, open)
    expect([line.status, line.address, line.token]).toEqual([200, '127.0.0.1', undefined])
    expect(server.log()).not.toContain(text.slice(17))
  })

  it('about a client that has disconnected has its address as well', async () => {
    const server = await serve(db.url, { waitMs: 10_000 })
    const locked = await lockShow(db, show)
    onTestFinished(() => locked.release())
    const leaving = new AbortController()
    const booking = fetch(`${server.url}/shows/${show}/book`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"seats":[9]}',
      signal: leaving.signal,
    })
    await until(async () => {
      const [row] = await db.sql(`select from bookings where seats = '{9}' and status = 'PENDING'`)
      return row !== undefined
    })
    leaving.abort()
    await expect(booking).rejects.toThrow('aborted')
    await until(() => lines(server).some(({ status }) => status === 499))
    const line = lines(server).find(({ status }) => status === 499)
    expect(line).toMatchObject({ reqId: expect.any(String), address: '127.0.0.1' })
  })

  it('about a bug has the error of the driver, and not the row that it carries', async () => {
    const server = await serve(db.url, { requireToken: true })
    const { text } = await server.tickets.createToken({ name: 'till 3', role: 'box-office' })
    await db.sql(`alter table bookings add constraint bug check (status <> 'CONFIRMED') not valid`)
    onTestFinished(async () => void (await db.sql('alter table bookings drop constraint bug')))
    const answered = await ask(`${server.url}/shows/${show}/book`, {
      body: { seats: [3], customer: 'Ada Lovelace', note: 'in a box' },
      headers: { authorization: `Bearer ${text}` },
    })
    expect([answered.status, answered.body.error.code]).toEqual([500, 'INTERNAL'])
    expect(JSON.stringify(answered.body)).not.toMatch(/constraint|bookings|Ada/)
    await lineAbout(server, answered)
    const bug = lines(server).find(({ msg }) => msg === 'bug')
    expect(bug).toMatchObject({
      level: 50,
      reqId: answered.headers.get('x-request-id'),
      address: '127.0.0.1',
      token: 'till 3',
      err: { code: '23514', message: expect.stringContaining('"bug"'), stack: expect.any(String) },
    })
    expect(server.log()).not.toMatch(/Ada Lovelace|in a box|Failing row/)
  })
})
