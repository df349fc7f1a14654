import { execa } from 'execa'
import { expect, it } from 'vitest'
import { cloneDatabase } from '../support/database.js'
import { serveProcess } from '../support/http.js'

// Copied from the README of the system that this one replaces.
const create = `curl -X POST http://localhost:3000/admin/shows \\
  -H "Content-Type: application/json" \\
  -d '{"name": "The Lion King", "start_time": "2025-12-25T19:00:00Z", "total_seats": 100}'`
const list = 'curl http://localhost:3000/shows'

it('the two commands of the original README give the responses that it shows', async () => {
  const db = await cloneDatabase()
  const server = await serveProcess(db.url)
  const { host } = new URL(server.url)
  const curl = async (command: string) => {
    const { stdout } = await execa('bash', ['-c', command.replace('localhost:3000', host)])
    return JSON.parse(stdout)
  }
  const show = {
    id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    name: 'The Lion King',
    start_time: '2025-12-25T19:00:00.000Z',
    total_seats: 100,
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
  }
  expect(await curl(create)).toMatchObject(show)
  const shows = await curl(list)
  expect(shows).toHaveLength(1)
  expect(shows[0]).toMatchObject({ ...show, confirmed_seats_count: 0, available_seats: 100 })
  expect(await server.stop()).toBe(0)
  await db.drop()
})

it("the port in the original README's commands is the default, whether or not it is free", async () => {
  const db = await cloneDatabase()
  const outcome = await serveProcess(db.url, []).then(
    async ({ url, stop }) => {
      await stop()
      return url
    },
    (error: Error) => error.message,
  )
  expect(outcome).toMatch(/^http:\/\/127\.0\.0\.1:3000$|Port 3000 is in use\./)
  await db.drop()
})
