import { describe, expect, it } from 'vitest'
import { cloneDatabase } from '../support/database.js'
import { ask, createShow, serveHere } from '../support/http.js'
import { runInProcess } from '../support/in-process.js'
import { serveFile } from '../support/serve-file.js'
import { expectWording, withFacts } from '../support/wording.js'

const server = serveFile()

const get = (path: string, options = {}) => ask(server.url + path, options)
const post = (path: string, body: unknown = {}, headers = {}) =>
  ask(server.url + path, { body, headers })

/** A zone of a seating plan of pretix. */
interface Zone {
  rows: { seats: { seat_guid: string; category: string }[] }[]
}

describe('shows', () => {
  it('are created with the three fields of the original, and answer with all of its fields', async () => {
    const created = await post('/admin/shows', {
      name: 'The Lion King',
      start_time: '2025-12-25T19:00:00Z',
      total_seats: 100,
    })
    expect(created.status).toBe(201)
    expect(created.headers.get('location')).toBe(`/shows/${created.body.id}`)
    expect(created.body).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'The Lion King',
      start_time: '2025-12-25T19:00:00.000Z',
      total_seats: 100,
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: expect.stringMatching(/Z$/),
    })
  })

  it('are the same JSON as on the command line, field by field', async () => {
    const id = await createShow(server.url, { seats_per_row: 10, time_zone: 'Europe/London' })
    const shown = (
      await runInProcess(['show', 'view', id, '--json'], { DATABASE_URL: server.db.url })
    ).json()
    const { booked_seats, held_seats, ...show } = shown
    expect((await get(`/shows/${id}`)).body).toEqual(show)
    expect((await get('/shows')).body).toContainEqual(show)
  })

  it('are created with a plan, which is returned as a seating plan of pretix', async () => {
    const start_time = '2030-07-01T19:00Z'
    const plan = 'name: Globe\nsection Stalls\nA 1-4\nsection Circle\nA r1-2'
    const { status, body: show } = await post('/admin/shows', { name: 'Lear', start_time, plan })
    expect(status).toBe(201)
    expect(show).toMatchObject({ total_seats: 6, plan: { name: 'Globe' } })
    const booked = await post(`/shows/${show.id}/book`, { seats: 'Circle A1' })
    expect(booked.body).toMatchObject({ seats: [5], seat_labels: ['Circle A1'], section: 'Circle' })
    expect(booked.body.warnings).toMatchObject([{ code: 'RESTRICTED_VIEW' }])
    const zones = [{ name: 'Stalls' }, { name: 'Circle' }]
    expect((await get(`/shows/${show.id}/plan`)).body).toMatchObject({ name: 'Globe', zones })
    expect((await get(`/shows/${await createShow(server.url)}/plan`)).body).toBe(null)
    const wrong = await post('/admin/shows', { name: 'Lear', start_time, plan: 'A 1-' })
    expect([wrong.status, wrong.body.error.code]).toEqual([400, 'INVALID_INPUT'])
  })

  it('have a plan with the labels of their seats, in the order of the seat numbers', async () => {
    const plan =
      'stage: bottom\nsection Stalls\nB x1 3-2 . 5\n12 w4 c3\nsection Pit\nA x1-2\nsection Circle\nA x9 r1-2'
    const { body: show } = await post('/admin/shows', {
      ...{ name: 'Lear', start_time: '2030-07-01T19:00Z', plan },
    })
    const { zones } = (await get(`/shows/${show.id}/plan`)).body
    const labels = zones.flatMap(({ rows }: Zone) =>
      rows.flatMap(({ seats }) =>
        seats.flatMap(({ seat_guid, category }) => (category === 'not for sale' ? [] : seat_guid)),
      ),
    )
    const seats = Array.from({ length: show.total_seats }, (_, index) => index + 1)
    const booked = await post(`/shows/${show.id}/book`, { seats })
    expect(booked.body).toMatchObject({ seats, seat_labels: labels, section: null })
  })

  it('are booked by section, and with wheelchair places, as the body says', async () => {
    const plan = 'section Stalls\nA w1 c2\nsection Circle\nA 1-2'
    const start_time = '2030-07-01T19:00Z'
    const { body: show } = await post('/admin/shows', { name: 'Lear', start_time, plan })
    const book = (body: object) => post(`/shows/${show.id}/book`, { seats_count: 1, ...body })
    expect((await book({ section: 'circle' })).body).toMatchObject({ section: 'Circle' })
    expect((await book({ section: 'Stalls' })).body.error.code).toBe('NOT_ENOUGH_SEATS')
    const seated = await book({ accessible: true })
    expect(seated.body).toMatchObject({ seat_labels: ['Stalls A1'] })
    const last = await book({ section: 'Stalls', include_accessible: true })
    expect(last.body).toMatchObject({ seat_labels: ['Stalls A2'] })
    const wrong = await book({ section: 'Balcony' })
    expect([wrong.status, wrong.body.error.code]).toEqual([404, 'NO_SUCH_SEAT'])
  })

  it('accept a local time in their zone, and refuse one that does not exist', async () => {
    const show = { name: 'Night', total_seats: 5, time_zone: 'Europe/London' }
    const summer = await post('/admin/shows', { ...show, start_time: '2030-07-01 19:00' })
    expect(summer.body.start_time).toBe('2030-07-01T18:00:00.000Z')
    const gap = await post('/admin/shows', { ...show, start_time: '2030-03-31 01:30' })
    expect([gap.status, gap.body.error.code]).toEqual([400, 'INVALID_INPUT'])
  })

  it('come in pages that neither repeat nor miss one, also by name and date', async () => {
    const names = Array.from({ length: 7 }, (_, i) => `Pageant ${i}`)
    for (const [i, name] of names.entries()) {
      await createShow(server.url, { name, start_time: `20${20 + i}-01-01T00:00Z` })
    }
    const seen: string[] = []
    for (let after = ''; ; ) {
      const page = (await get(`/shows?search=pageant&limit=3${after}`)).body
      seen.push(...page.map((show: { name: string }) => show.name))
      if (page.length < 3) break
      after = `&after=${page.at(-1).id}`
    }
    expect(seen).toEqual(names)
    const upcoming = (await get('/shows?upcoming&search=pageant')).body
    expect(upcoming.length).toBeLessThan(7)
    const all = (await get('/shows?upcoming=false&search=pageant')).body
    expect(all).toHaveLength(7)
  })

  it('come in exact pages even if they start within one millisecond', async () => {
    await server.db.sql(
      `insert into shows (id, name, start_time, time_zone, total_seats, booked_seats)
       select gen_random_uuid(), 'Burst ' || n, timestamptz '2031-01-01T00:00Z' + n / 2 * interval '1 microsecond',
              'UTC', 8, '\\x00'
       from generate_series(1, 12) as n`,
    )
    const seen: string[] = []
    for (let after = '', page = []; seen.length <= 12; after = `&after=${page.at(-1).id}`) {
      page = (await get(`/shows?search=burst&limit=1${after}`)).body
      if (page.length === 0) break
      seen.push(page[0].name)
    }
    expect(new Set(seen).size).toBe(12)
    expect(seen).toHaveLength(12)
  })

  it('are all listed without a limit, more than a page of the database', async () => {
    const other = await cloneDatabase()
    const own = await serveHere(other.url)
    await other.sql(
      `insert into shows (id, name, start_time, time_zone, total_seats, booked_seats)
       select gen_random_uuid(), 'Show ' || n, '2030-01-01', 'UTC', 8, '\\x00'
       from generate_series(1, 2500) as n`,
    )
    const { body } = await ask(`${own.url}/shows`)
    expect(new Set(body.map((show: { id: string }) => show.id)).size).toBe(2500)
    expect(body[0]).toMatchObject({ confirmed_seats_count: 0, available_seats: 8 })
    await own.close()
    await other.drop()
  })
})

describe('bookings', () => {
  it('take the seats that are named, and name free ones to the next request for them', async () => {
    const id = await createShow(server.url, { seats_per_row: 10 })
    const booked = await post(`/shows/${id}/book`, { seats: [1, 2], customer: 'Ada' })
    expect([booked.status, booked.body.seats, booked.body.seat_labels, booked.body.status]).toEqual(
      [201, [1, 2], ['A1', 'A2'], 'CONFIRMED'],
    )
    const refused = await post(`/shows/${id}/book`, { seats: 'A2-A3' })
    expect([refused.status, refused.body.error.code, refused.body.error.seats]).toEqual([
      409,
      'SEATS_TAKEN',
      [2],
    ])
    expect(refused.body.booking).toMatchObject({ status: 'FAILED', failure: 'SEATS_TAKEN' })
    const seats = (await get(`/shows/${id}/seats`)).body
    expect([seats.total, seats.booked, seats.held, seats.available.length]).toEqual([
      100,
      [1, 2],
      [],
      98,
    ])
  })

  it('are the same JSON as on the command line, field by field', async () => {
    const id = await createShow(server.url)
    const here = (await post(`/shows/${id}/book`, { seats_count: 2 })).body
    const there = (
      await runInProcess(['book', id, '--count', '2', '--json'], { DATABASE_URL: server.db.url })
    ).json()
    expect(Object.keys(here)).toEqual(Object.keys(there))
    const refused = (await post(`/shows/${id}/book`, { seats: [1] })).body
    const alike = (
      await runInProcess(['book', id, '--seats', '1', '--json'], { DATABASE_URL: server.db.url })
    ).json()
    expect(Object.keys(refused.error)).toEqual(Object.keys(alike.error))
    expect(Object.keys(refused.booking)).toEqual(Object.keys(alike.booking))
  })

  it('with the same Idempotency-Key are made once, and another request with the key is refused', async () => {
    const id = await createShow(server.url)
    const key = { 'idempotency-key': `order-${id}` }
    const first = await post(`/shows/${id}/book`, { seats_count: 3 }, key)
    const again = await post(`/shows/${id}/book`, { seats_count: 3 }, key)
    expect([again.status, again.body]).toEqual([200, { ...first.body, replayed: true }])
    const other = await post(`/shows/${id}/book`, { seats_count: 4 }, key)
    expect([other.status, other.body.error.code]).toEqual([409, 'KEY_REUSED'])
    const cli = await runInProcess(['book', id, '--count', '3', '--key', `order-${id}`, '--json'], {
      DATABASE_URL: server.db.url,
    })
    expect(cli.json()).toMatchObject({ id: first.body.id, replayed: true })
  })

  it('go through the same states as with the commands: held, confirmed, moved, checked in once, cancelled', async () => {
    const id = await createShow(server.url)
    const held = (await post(`/shows/${id}/book`, { seats: [5, 6, 7], hold: '15m' })).body
    expect([held.status, held.held_until]).toEqual(['HELD', expect.any(String)])
    const { reference } = held
    const confirmed = await post(`/bookings/${reference}/confirm`, { seats: [5, 6, 7] })
    expect([confirmed.status, confirmed.body.status]).toEqual([200, 'CONFIRMED'])
    const moved = await post(`/bookings/${reference}/move`, { to: [7, 8, 9] })
    expect(moved.body.seats).toEqual([7, 8, 9])
    const cancelled = await post(`/bookings/${reference}/cancel`, { seats: [9], reason: 'ill' })
    expect(cancelled.body.seats).toEqual([7, 8])
    const inside = await post(`/bookings/${reference}/check-in`, { seats: '7' })
    expect([inside.body.admitted, inside.body.already]).toEqual([[7], []])
    const twice = (await post(`/bookings/${reference}/check-in`)).body
    expect([twice.admitted, twice.already]).toEqual([[8], [{ seat: 7, at: expect.any(String) }]])
    const found = (await get(`/bookings/${held.id}`)).body
    expect(found).toMatchObject({ reference, show_name: 'Cats', admitted_seats: [7, 8] })
    const late = await post(`/bookings/${reference}/cancel`)
    expect([late.status, late.body.error.code]).toEqual([409, 'WRONG_STATE'])
    const out = (await post(`/bookings/${reference}/check-in`, { undo: true })).body
    expect(out.admitted).toEqual([7, 8])
    expect((await post(`/bookings/${reference}/cancel`)).body.status).toBe('CANCELLED')
  })

  it('need no body if every field is optional', async () => {
    const id = await createShow(server.url)
    const held = (await post(`/shows/${id}/book`, { seats_count: 1, hold: 'forever' })).body
    const confirmed = await get(`/bookings/${held.reference}/confirm`, { method: 'POST' })
    expect(confirmed.body.status).toBe('CONFIRMED')
  })
})

describe('errors have one shape and the status of their class', () => {
  it.each([
    ['/shows/nothing-like-it', 404, 'SHOW_NOT_FOUND'],
    ['/bookings/2222-2222', 404, 'BOOKING_NOT_FOUND'],
    ['/nowhere', 404, 'NO_SUCH_ROUTE'],
    ['/shows?limit=0', 400, 'INVALID_INPUT'],
    ['/shows?after=00000000-0000-0000-0000-000000000000', 404, 'SHOW_NOT_FOUND'],
    ['/shows?page=2', 400, 'INVALID_INPUT'],
  ])('GET %s: %i %s', async (path, status, code) => {
    const answered = await get(path)
    expect([answered.status, answered.body.error.code]).toEqual([status, code])
    expect(answered.body.error).toMatchObject({ message: expect.any(String), retryable: false })
  })

  it.each(['/shows', '/shows/nothing-like-it', '/nowhere', '/shows/%', '/docs', '/metrics'])(
    'GET %s: has security headers, and the id of the request in the log',
    async (path) => {
      const { headers } = await get(path)
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-request-id': expect.stringMatching(/^[0-9a-f]{6}-\w+$/),
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'cache-control': expect.stringMatching(/no-store|max-age/),
      })
    },
  )

  it('a name that two shows have is ambiguous', async () => {
    await createShow(server.url, { name: 'Twins' })
    await createShow(server.url, { name: 'Twins' })
    const answered = await get('/shows/Twins')
    expect([answered.status, answered.body.error.code]).toEqual([400, 'AMBIGUOUS_ID'])
  })

  const wrong: [body: object, ...facts: string[]][] = [
    [{ seats: ['1'] }, 'seats.0'],
    [{ seats: {} }, 'seats'],
    [{ seats: [1], customer: 7 }, 'customer', 'null'],
    [{ seats: [1], price: 0 }, '"price"'],
    [{ seats_count: 0 }, 'seats_count', '1'],
    [{}],
    [[]],
  ]
  const said: [string, string][] = []
  it.each(wrong)(
    '%j: 400, with a message that names the field and the problem: %s',
    async (body, ...facts) => {
      const id = await createShow(server.url)
      const { status, body: answer } = await post(`/shows/${id}/book`, body)
      said.push([JSON.stringify(body), answer.error.message])
      expect([status, answer.error.message]).toEqual([400, withFacts(...facts)])
    },
  )

  it.each([
    ['/shows?upcoming=maybe', 'upcoming', 'true', 'false'],
    ['/shows?page=2', '"page"'],
  ])('GET %s: %s', async (path, ...facts) => {
    const { status, body } = await get(path!)
    said.push([path!, body.error.message])
    expect([status, body.error.message]).toEqual([400, withFacts(...facts)])
  })

  it('uses the messages in test/wording/http.txt', () => expectWording('http', said))

  it('a slash at the end is ignored', async () => {
    const created = await post('/admin/shows/', {
      name: 'Slashed',
      start_time: '2030-01-01T19:00:00Z',
      total_seats: 5,
    })
    expect(created.status).toBe(201)
    expect((await get(`/shows/${created.body.id}/`)).body).toEqual(created.body)
    expect((await get('/shows/')).body).toContainEqual(created.body)
  })

  it('a wrong method is answered with the allowed ones', async () => {
    const answered = await get('/shows', { method: 'DELETE' })
    expect([answered.status, answered.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })
})

it('counts requests, bookings by outcome, batches, lock waits and connections', async () => {
  const id = await createShow(server.url)
  await Promise.all(Array.from({ length: 20 }, () => post(`/shows/${id}/book`, { seats_count: 1 })))
  const { body } = await get('/metrics')
  expect(body).toMatch(
    /tickets_http_request_duration_seconds_count\{[^}]*route="\/shows\/:show\/book"/,
  )
  expect(
    Number(/tickets_bookings_total\{outcome="CONFIRMED"\} (\d+)/.exec(body)![1]),
  ).toBeGreaterThan(20)
  expect(body).toMatch(/tickets_bookings_total\{outcome="SEATS_TAKEN"\} \d/)
  expect(Number(/tickets_booking_batch_size_sum (\d+)/.exec(body)![1])).toBeGreaterThan(20)
  expect(body).toMatch(/tickets_lock_wait_seconds_count [1-9]/)
  expect(body).toMatch(/tickets_database_connections\{state="idle"\} \d/)
})

it('logs every request under the id in the response, and no customer', async () => {
  const id = await createShow(server.url)
  const answered = await post(`/shows/${id}/book`, { seats: [1], customer: 'Ada Lovelace' })
  await get('/bookings/nobody?customer=Ada%20Lovelace')
  const requestId = answered.headers.get('x-request-id')
  const lines = () =>
    server
      .log()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  await expect
    .poll(() => lines().find((line) => line.reqId === requestId))
    .toMatchObject({
      method: 'POST',
      path: `/shows/${id}/book`,
      status: 201,
      ms: expect.any(Number),
    })
  expect(server.log()).not.toContain('Lovelace')
})
