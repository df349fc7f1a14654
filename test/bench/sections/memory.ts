import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { program } from '../child.js'
import { type HttpServer, withHttpServer } from '../http-server.js'
import { addShow } from '../shows.js'
import type { Section } from './section.js'

const collector = fileURLToPath(new URL('../gc-on-signal.cjs', import.meta.url))
const CONNECTIONS = 16

/** Whether a server keeps memory for the requests that it has answered, valid and invalid. */
export const memory: Section = {
  name: 'memory',
  title: 'Memory that `serve` keeps of answered requests',
  async run({ server, isQuick }) {
    const database = await server.createDatabase('memory')
    const requests = requestsFor(await addShow(database, 10))
    const env = { PATH: process.env.PATH, HOME: server.directory, DATABASE_URL: database.url }
    const node = ['--expose-gc', '--require', collector]
    const count = isQuick ? 1000 : 25_000
    const keptMb = await withHttpServer(
      [...node, program, 'serve', '--port', '0', '--quiet'],
      env,
      async (http) => {
        await sendAll(http.url, requests, isQuick ? 1000 : 10_000)
        const before = await usedMb(http)
        await sendAll(http.url, requests, count)
        return (await usedMb(http)) - before
      },
    )
    return {
      measurements: [
        {
          what: `${count.toLocaleString('en-GB')} HTTP requests, memory that stays in use`,
          value: Math.max(0, keptMb),
          unit: 'MB',
          // Forty bytes for each request would be visible.
          targets: [{ of: 'value', atMost: 1 }],
        },
      ],
      notes: ['Heap and buffers of `serve` after a garbage collection, less those before.'],
    }
  },
}

/** Bookings, lists and errors of each kind; the last one ends its connection. */
function requestsFor(show: string): string[] {
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
  const book = (body: string) =>
    `POST /shows/${show}/book HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  return [
    get('/healthz'),
    book('{"seats":["1"]}'),
    book('{"seats":[999]}'),
    get(`/shows/${'x'.repeat(300)}/nowhere`),
    get('/shows?limit=nonsense'),
    get('/shows').replace('GET', 'DELETE'),
    get(`/shows/${show}`),
    get('/shows?order=name'),
    get('/shows/%'),
    book('{"seats":'),
  ]
}

/**
 * Sends the requests again and again, each time on a new connection. Throws if one is not answered.
 * Writes bytes, because a client that parses costs as much as the server.
 */
async function sendAll(url: string, requests: readonly string[], count: number): Promise<void> {
  const { port, hostname } = new URL(url)
  let left = count / requests.length
  const sendInTurn = async () => {
    while (left-- > 0) {
      const socket = connect(Number(port), hostname)
      socket.write(requests.join(''))
      const answers = (await text(socket)).match(/HTTP\/1\.1 [24]/g) ?? []
      if (answers.length !== requests.length) throw new Error(`${answers.length} answers`)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, sendInTurn))
}

/** The memory in use after a garbage collection: objects and buffers. */
async function usedMb({ url, child }: HttpServer): Promise<number> {
  const readings: number[] = []
  for (let i = 0; i < 5; i++) {
    child.kill('SIGUSR2')
    const metrics = await (await fetch(`${url}/metrics`)).text()
    const bytes = metrics.matchAll(/^nodejs_(?:heap_size_used|external_memory)_bytes (\S+)/gm)
    readings.push([...bytes].reduce((sum, [, value]) => sum + Number(value), 0))
  }
  return Math.min(...readings) / 1e6
}
