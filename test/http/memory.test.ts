import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { inWaves } from '../support/booking-process.js'
import { cloneDatabase } from '../support/database.js'
import { ask, createShow, type ServerProcess, serveProcess } from '../support/http.js'

const WARM_UP = 10_000
const REQUESTS = 25_000
const collector = fileURLToPath(new URL('../support/gc-on-signal.cjs', import.meta.url))

/**
 * Sends the requests `rounds` times, each time on a connection that the last of them ends, and checks
 * that all are answered. Written as bytes: a client that parses costs as much as the server.
 */
async function hammer(url: string, requests: string[], rounds: number): Promise<void> {
  const { port, hostname } = new URL(url)
  await inWaves(Array.from({ length: rounds }), 16, async () => {
    const socket = connect(Number(port), hostname)
    socket.write(requests.join(''))
    const statuses = [...(await text(socket)).matchAll(/HTTP\/1\.1 (\d)/g)].map(([, s]) => s)
    expect(statuses.join('')).toMatch(/^[24]+$/)
    expect(statuses).toHaveLength(requests.length)
  })
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

it('memory is flat over 25,000 requests, good and bad', async () => {
  const db = await cloneDatabase()
  onTestFinished(() => db.drop())
  const server = await serveProcess(
    db.url,
    ['--port', '0', '--quiet'],
    ['--expose-gc', '--require', collector],
  )
  onTestFinished(() => void server.child.kill('SIGKILL'))
  const show = await createShow(server.url)
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
  const book = (body: string) =>
    `POST /shows/${show}/book HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const requests = [
    get('/healthz'),
    book('{"seats":["1"]}'),
    book('{"seats":[999]}'),
    get(`/shows/${'x'.repeat(300)}/nowhere`),
    get('/shows?limit=nonsense'),
    get('/shows').replace('GET', 'DELETE'),
    get(`/shows/${show}`),
    get('/shows?order=name'),
    get('/shows/%'),
    // Ends its connection.
    book('{"seats":'),
  ]

  await hammer(server.url, requests, WARM_UP / requests.length)
  const before = await usedMb(server)
  await hammer(server.url, requests, REQUESTS / requests.length)
  const after = await usedMb(server)
  // Forty bytes a request would show.
  expect(after - before).toBeLessThan(1)
  expect(await server.stop()).toBe(0)
}, 240_000)
