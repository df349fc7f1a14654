import { once } from 'node:events'
import { connect } from 'node:net'
import { execa } from 'execa'
import { expect, it } from 'vitest'
import { cloneDatabase } from '../support/database.js'
import { serveProcess } from '../support/http.js'

// As they stand in the README of the system that this one replaces, the port included.
const create = `curl -X POST http://localhost:3000/admin/shows \\
  -H "Content-Type: application/json" \\
  -d '{"name": "The Lion King", "start_time": "2025-12-25T19:00:00Z", "total_seats": 100}'`
const list = 'curl http://localhost:3000/shows'

it("the original README's two commands give the responses that it shows, on the default port", async () => {
  await requireFree(3000)
  const db = await cloneDatabase()
  const server = await serveProcess(db.url, [])
  expect(server.url).toBe('http://127.0.0.1:3000')
  const curl = async (command: string) => JSON.parse((await execa('bash', ['-c', command])).stdout)
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

/** The port is part of what is promised, so no other would do. */
async function requireFree(port: number): Promise<void> {
  for (const host of ['127.0.0.1', '::1']) {
    const socket = connect(port, host)
    const isTaken = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isTaken) {
      throw new Error(
        `Something else listens on port ${port} of this machine (${host}), and this test needs it: end that, and run the test again.`,
      )
    }
  }
}
