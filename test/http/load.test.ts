import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { inWaves } from '../support/booking-process.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { createShow, type ServerProcess, serveProcess } from '../support/http.js'
import { runInProcess } from '../support/in-process.js'

let db: TestDatabase
let server: ServerProcess
beforeAll(async () => {
  db = await cloneDatabase()
  server = await serveProcess(db.url)
})
afterAll(() => db.drop())

const CLIENTS = 64
const BOOKINGS = 5000
const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })

async function book(
  show: string,
  seats: number[],
): Promise<{ status: number; body: { id: string } }> {
  const body = JSON.stringify({ seats })
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  const options = { method: 'POST', agent, headers }
  return new Promise((resolve, reject) => {
    request(`${server.url}/shows/${show}/book`, options, (response) => {
      text(response)
        .then((answer) => resolve({ status: response.statusCode!, body: JSON.parse(answer) }))
        .catch(reject)
    })
      .on('error', reject)
      .end(body)
  })
}

it('5,000 bookings by 64 clients while the database cuts its connections: every 201 stands', async () => {
  const seats = 3000
  const show = await createShow(server.url, { total_seats: seats })
  let answered = 0
  let cuts = 0
  const cut = async () => {
    const [row] = await db.sql<{ n: number }>(
      `select count(pg_terminate_backend(pid))::int as n from pg_stat_activity
       where datname = current_database() and application_name like 'tickets%'`,
    )
    if (row!.n > 0) cuts++
  }
  const answers = await inWaves(
    Array.from({ length: BOOKINGS }, (_, i) => i),
    CLIENTS,
    async (i) => {
      const answer = await book(show, [((i * 7) % seats) + 1])
      if (++answered % 500 === 0) await cut()
      return answer
    },
  )

  expect(cuts).toBeGreaterThanOrEqual(5)
  const confirmed = answers.filter(({ status }) => status === 201).map(({ body }) => body.id)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 409]))
  expect(confirmed).toHaveLength(seats)
  const kept = await db.sql<{ id: string }>(`select id from bookings where status = 'CONFIRMED'`)
  expect(new Set(kept.map(({ id }) => id))).toEqual(new Set(confirmed))
  expect((await runInProcess(['verify', '--json'], { DATABASE_URL: db.url })).json()).toMatchObject(
    {
      ok: true,
      violations: [],
    },
  )
  agent.destroy()
  expect(await server.stop()).toBe(0)
})
