import { once } from 'node:events'
import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { ask, serveHere, serveProcess } from '../support/http.js'
import { serveFile } from '../support/serve-file.js'
import { insertShow } from '../support/shows.js'
import { until } from '../support/until.js'

const server = serveFile({ perAddress: { connections: 5, streams: 2 } })

/** A connection from an address of this machine. Linux has all of 127.0.0.0/8. */
function open(serverUrl: string, localAddress: string) {
  const { port, hostname } = new URL(serverUrl)
  const socket = connect({ port: Number(port), host: hostname, localAddress })
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  return socket
}

async function answerTo(serverUrl: string, localAddress: string): Promise<string> {
  const socket = open(serverUrl, localAddress)
  socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  return await text(socket).catch((error) => String(error))
}

/** An event stream from an address, on a separate connection, and its response. */
async function watch(serverUrl: string, show: string, localAddress: string) {
  const request = get(`${serverUrl}/shows/${show}/events`, { localAddress, agent: false })
  onTestFinished(() => void request.destroy())
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  answer.on('error', () => {})
  return { request, answer }
}

it('an address has a limit of connections: one more is answered 429 at once and closed, and other addresses are served', async () => {
  const held = Array.from({ length: 5 }, () => open(server.url, '127.0.0.2'))
  await Promise.all(held.map((socket) => once(socket, 'connect')))
  // A connection that sends nothing is answered as well.
  await until(async () => (await text(open(server.url, '127.0.0.2'))).startsWith('HTTP/1.1 429 '))
  const silent = await text(open(server.url, '127.0.0.2'))
  const [head, body] = silent.split('\r\n\r\n')
  expect(head).toMatch(/\r\nConnection: close/)
  expect(head).toMatch(/\r\nRetry-After: 1/)
  expect(head).toContain(`Content-Length: ${body!.length}`)
  expect(JSON.parse(body!).error).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryable: true })
  expect(await answerTo(server.url, '127.0.0.3')).toContain('HTTP/1.1 200 ')
  expect((await ask(`${server.url}/healthz`)).status).toBe(200)
  held[0]!.destroy()
  await until(async () => (await answerTo(server.url, '127.0.0.2')).includes('HTTP/1.1 200 '))
})

it('a request on a connection over the limit is not carried out', async () => {
  const show = await insertShow(server.db)
  const held = Array.from({ length: 5 }, () => open(server.url, '127.0.0.4'))
  await Promise.all(held.map((socket) => once(socket, 'connect')))
  await until(async () => (await text(open(server.url, '127.0.0.4'))).startsWith('HTTP/1.1 429 '))
  for (let i = 0; i < 20; i++) {
    const socket = open(server.url, '127.0.0.4')
    socket.write(
      `POST /shows/${show}/book HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{"seats_count":1}`,
    )
    await text(socket).catch(() => {})
  }
  expect((await ask(`${server.url}/shows/${show}`)).body.confirmed_seats_count).toBe(0)
  expect(await server.db.sql('select from bookings where show_id = $1', [show])).toEqual([])
})

it('an address has a limit of streams: one more is 429, its connection is closed, and other addresses watch', async () => {
  const show = await insertShow(server.db)
  const first = await watch(server.url, show, '127.0.0.5')
  const second = await watch(server.url, await insertShow(server.db), '127.0.0.5')
  expect([first.answer.statusCode, second.answer.statusCode]).toEqual([200, 200])
  const third = await watch(server.url, show, '127.0.0.5')
  expect(third.answer.statusCode).toBe(429)
  expect(third.answer.headers).toMatchObject({ connection: 'close', 'retry-after': '1' })
  expect(JSON.parse(await text(third.answer)).error.code).toBe('TOO_MANY_REQUESTS')
  expect((await watch(server.url, show, '127.0.0.6')).answer.statusCode).toBe(200)
  first.request.destroy()
  await until(async () => {
    const { answer, request } = await watch(server.url, show, '127.0.0.5')
    if (answer.statusCode !== 200) request.destroy()
    return answer.statusCode === 200
  })
})

it('every 429 closes its connection', async () => {
  const slow = await serveHere(server.db.url, { rate: 1 })
  onTestFinished(() => slow.close())
  const answers = await Promise.all([1, 2, 3].map(() => ask(`${slow.url}/shows`)))
  const limited = answers.filter(({ status }) => status === 429)
  expect(limited.length).toBeGreaterThan(0)
  for (const { headers } of limited) expect(headers.get('connection')).toBe('close')
})

it.each([
  ['0.0.0.0', '100000', 429],
  ['0.0.0.0', 'none', 429],
  ['127.0.0.1', '100000', 200],
  ['127.0.0.1', 'none', 200],
])(
  'serve --host %s --rate %s: the 101st stream of an address gets %i',
  async (host, rate, status) => {
    const show = await insertShow(server.db)
    // Without a token, the server does not start on an address that other machines can reach.
    await server.tickets.createToken({ name: 'x', role: 'admin' })
    const args = ['--host', host, '--port', '0', '--rate', rate]
    const serving = await serveProcess(server.db.url, args)
    const url = `http://127.0.0.1:${new URL(serving.url).port}`
    const requests: ClientRequest[] = []
    for (let i = 0; i < 100; i++) {
      const { answer, request } = await watch(url, show, '127.0.0.1')
      expect(answer.statusCode).toBe(200)
      requests.push(request)
    }
    expect((await watch(url, show, '127.0.0.1')).answer.statusCode).toBe(status)
    expect((await watch(url, show, '127.0.0.2')).answer.statusCode).toBe(200)
    expect(await serving.stop()).toBe(0)
  },
)
