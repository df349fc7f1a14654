import { fileURLToPath } from 'node:url'
import autocannon, { type Request } from 'autocannon'
import { expect, it, onTestFinished } from 'vitest'
import { cloneDatabase } from '../support/database.js'
import { ask, createShow, type ServerProcess, serveProcess } from '../support/http.js'

const WARM_UP = 10_000
const REQUESTS = 50_000
const collector = fileURLToPath(new URL('../support/gc-on-signal.cjs', import.meta.url))

/** Sends the requests in turn until the server has answered so many in all. */
async function hammer(url: string, requests: Request[], total: number): Promise<void> {
  for (let left = total; left > 0; left = total - (await answered(url))) {
    // A broken body ends its connection, and what was to come on it is not sent.
    const amount = Math.max(left, 1000)
    const result = await autocannon({ url, requests, amount, connections: 16 })
    expect([result.timeouts, result['5xx']]).toEqual([0, 0])
  }
}

async function answered(url: string): Promise<number> {
  const { body } = await ask(`${url}/metrics`)
  const counts = String(body).matchAll(/^tickets_http_request_duration_seconds_count.* (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

/** What is left in use when all that can be has been collected: objects and buffers. */
async function usedMb({ url, child }: ServerProcess): Promise<number> {
  const readings: number[] = []
  for (let i = 0; i < 5; i++) {
    child.kill('SIGUSR2')
    const { body } = await ask(`${url}/metrics`)
    const bytes = body.matchAll(/^nodejs_(?:heap_size_used|external_memory)_bytes (\S+)/gm)
    readings.push([...bytes].reduce((sum, [, count]) => sum + Number(count), 0))
  }
  return Math.min(...readings) / 1e6
}

it('memory is flat over 50,000 requests, good and bad', async () => {
  const db = await cloneDatabase()
  onTestFinished(() => db.drop())
  const server = await serveProcess(
    db.url,
    ['--port', '0', '--quiet'],
    ['--expose-gc', '--require', collector],
  )
  onTestFinished(() => void server.child.kill('SIGKILL'))
  const show = await createShow(server.url)
  const book = (body: string): Request => ({
    method: 'POST',
    path: `/shows/${show}/book`,
    headers: { 'content-type': 'application/json' },
    body,
  })
  const requests: Request[] = [
    { path: '/healthz' },
    book('{"seats":["1"]}'),
    book('{"seats":'),
    book('{"seats":[999]}'),
    { path: `/shows/${'x'.repeat(300)}/nowhere` },
    { path: '/shows?limit=nonsense' },
    { path: '/shows', method: 'DELETE' },
    { path: `/shows/${show}` },
    { path: '/shows?order=name' },
    { path: '/shows/%' },
  ]

  await hammer(server.url, requests, WARM_UP)
  const before = await usedMb(server)
  await hammer(server.url, requests, WARM_UP + REQUESTS)
  const after = await usedMb(server)
  // Forty bytes a request would show.
  expect(after - before).toBeLessThan(2)
  expect(await server.stop()).toBe(0)
}, 240_000)
