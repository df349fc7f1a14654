import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { createShow, type ServerProcess, serveProcess } from '../support/http.js'

let db: TestDatabase
let server: ServerProcess
let show: string
beforeAll(async () => {
  db = await cloneDatabase()
  server = await serveProcess(db.url)
  show = await createShow(server.url)
})
afterAll(async () => {
  expect(await server.stop()).toBe(0)
  await db.drop()
})

const BOOK = '/shows/SHOW/book'
const json = (body: string, path = BOOK) =>
  [
    `POST ${path} HTTP/1.1`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body, 'latin1')}`,
    '',
    body,
  ].join('\r\n')
const get = (path: string, ...headers: string[]) =>
  [`GET ${path} HTTP/1.1`, ...headers, '', ''].join('\r\n')
const manyHeaders = Array.from({ length: 2500 }, (_, i) => `A${i}: b`)
const deep = (n: number) => '['.repeat(n) + ']'.repeat(n)
const asLatin1 = (value: string) => Buffer.from(value).toString('latin1')

/**
 * What is sent, byte for byte; SHOW stands for the id of a show. No `Host` is added if one is
 * given.
 */
const requests: [title: string, expected: number, sent: string][] = [
  ['half an object', 400, json('{"seats":')],
  ['no JSON at all', 400, json('seats=1')],
  ['two documents', 400, json('{"seats":[1]}{"seats":[2]}')],
  ['an array instead of an object', 400, json('[1,2]')],
  ['a string instead of an object', 400, json('"seats"')],
  ['a number instead of an object', 400, json('7')],
  ['null instead of an object', 400, json('null')],
  ['no required field', 400, json('{}')],
  ['an unknown field', 400, json('{"seats":[1],"price":0}')],
  ['a field twice', 400, json('{"seats":[1],"seats":[2]}')],
  ['a field of the show', 400, json('{"seats":[1],"total_seats":5}')],
  ['__proto__', 400, json('{"__proto__":{"seats":[1]}}')],
  ['constructor.prototype', 400, json('{"constructor":{"prototype":{"seats":[1]}}}')],
  ['a seat as a string', 400, json('{"seats":["1"]}')],
  ['a seat as null', 400, json('{"seats":[null]}')],
  ['half a seat', 400, json('{"seats":[1.5]}')],
  ['seat 0', 404, json('{"seats":[0]}')],
  ['seat −1', 404, json('{"seats":[-1]}')],
  ['seat 1e308', 404, json('{"seats":[1e308]}')],
  ['seat 1e999', 400, json('{"seats":[1e999]}')],
  ['seat 2^53', 404, json('{"seats":[9007199254740993]}')],
  ['a seat twice', 400, json('{"seats":[1,1]}')],
  ['no seat', 400, json('{"seats":[]}')],
  ['an empty spec', 400, json('{"seats":""}')],
  ['a spec that is SQL', 400, json(`{"seats":"1'; drop table shows; --"}`)],
  ['a range without an end', 404, json('{"seats":"1-99999999999999999999"}')],
  [
    '100,000 seats in a house of 100',
    404,
    json(`{"seats":[${Array.from({ length: 100_000 }, (_, i) => i + 1)}]}`),
  ],
  ['seats and a count', 400, json('{"seats":[1],"seats_count":1}')],
  ['a count of 0', 400, json('{"seats_count":0}')],
  ['a count of −1', 400, json('{"seats_count":-1}')],
  ['a count as a string', 400, json('{"seats_count":"1"}')],
  ['a count larger than any house', 400, json('{"seats_count":1000000000000}')],
  ['a customer with NUL', 400, json('{"seats":[1],"customer":"A\\u0000"}')],
  ['a customer with half a surrogate pair', 400, json('{"seats":[1],"customer":"\\ud800"}')],
  [
    'a customer of unlimited length',
    400,
    json(`{"seats":[1],"customer":"${'a'.repeat(500_000)}"}`),
  ],
  ['a customer that is an object', 400, json('{"seats":[1],"customer":{"$ne":null}}')],
  ['bytes that are not UTF-8', 400, json('{"seats":[1],"customer":"\xff\xfe"}')],
  ['an invalid hold', 400, json('{"seats":[1],"hold":"soon"}')],
  ['a hold as a number', 400, json('{"seats":[1],"hold":60}')],
  ['a hold of a million days', 400, json('{"seats":[1],"hold":"1000000d"}')],
  ['an array in an array, 100,000 deep', 400, json(deep(100_000))],
  ['an object as deep, as seats', 400, json(`{"seats":${deep(50_000)}}`)],
  ['a body of 2 MiB', 413, json(`{"note":"${'a'.repeat(2 * 1024 * 1024)}"}`)],
  ['a form', 415, json('seats=1').replace('application/json', 'application/x-www-form-urlencoded')],
  ['plain text', 415, json('{"seats":[1]}').replace('application/json', 'text/plain')],
  [
    'a multipart body',
    415,
    json('x').replace('application/json', 'multipart/form-data; boundary=x'),
  ],
  [
    'no type of the body',
    415,
    json('{"seats":[1]}').replace('Content-Type: application/json\r\n', ''),
  ],
  ['an invalid type', 415, json('{"seats":[1]}').replace('application/json', ';;;')],
  ['an empty key', 400, json('{"seats":[1]}').replace('\r\n', '\r\nIdempotency-Key: \r\n')],
  [
    'a key of 1,000 characters',
    400,
    json('{"seats":[1]}').replace('\r\n', `\r\nIdempotency-Key: ${'k'.repeat(1000)}\r\n`),
  ],
  [
    'a show without a name',
    400,
    json('{"name":"","start_time":"2030-01-01T00:00Z","total_seats":1}', '/admin/shows'),
  ],
  ['a show without a time', 400, json('{"name":"A","total_seats":1}', '/admin/shows')],
  [
    'an invalid time',
    400,
    json('{"name":"A","start_time":"tomorrow","total_seats":1}', '/admin/shows'),
  ],
  ['a time as a number', 400, json('{"name":"A","start_time":0,"total_seats":1}', '/admin/shows')],
  [
    'the year 275760',
    400,
    json('{"name":"A","start_time":"+275760-09-13T00:00Z","total_seats":1}', '/admin/shows'),
  ],
  [
    'a zone that is a path',
    400,
    json(
      '{"name":"A","start_time":"2030-01-01T00:00Z","total_seats":1,"time_zone":"../../etc/passwd"}',
      '/admin/shows',
    ),
  ],
  [
    'a zone that only Node knows',
    400,
    json(
      '{"name":"A","start_time":"2030-01-01T00:00Z","total_seats":1,"time_zone":"SystemV/PST8PDT"}',
      '/admin/shows',
    ),
  ],
  [
    'a house of 0',
    400,
    json('{"name":"A","start_time":"2030-01-01T00:00Z","total_seats":0}', '/admin/shows'),
  ],
  [
    'a house of 100,001',
    400,
    json('{"name":"A","start_time":"2030-01-01T00:00Z","total_seats":100001}', '/admin/shows'),
  ],
  [
    'rows longer than the house',
    400,
    json(
      '{"name":"A","start_time":"2030-01-01T00:00Z","total_seats":5,"seats_per_row":6}',
      '/admin/shows',
    ),
  ],
  [
    'a show that sets its own id',
    400,
    json('{"id":"x","name":"A","start_time":"2030-01-01T00:00Z","total_seats":5}', '/admin/shows'),
  ],
  [
    'a show that does not exist',
    404,
    json('{"seats":[1]}', '/shows/00000000-0000-0000-0000-000000000000/book'),
  ],
  ['a booking that is SQL', 404, get(`/bookings/'%20or%201=1--`)],
  ['a show that is a path', 404, get('/shows/..%2f..%2fetc%2fpasswd')],
  ['a path above the root', 404, get('/../../etc/passwd')],
  ['a path above the documents', 404, get('/docs/static/..%2f..%2f..%2fpackage.json')],
  ['a show that is NUL', 404, get('/shows/%00')],
  ['a percent sign alone', 400, get('/shows/%')],
  ['an id that is not UTF-8', 400, get('/shows/%ff%fe')],
  ['an id of 8,000 characters', 404, get(`/shows/${'a'.repeat(8000)}`)],
  ['a URL of 100,000 characters', 431, get(`/shows?search=${'a'.repeat(100_000)}`)],
  ['a header of 100,000 characters', 431, get('/shows', `X: ${'a'.repeat(100_000)}`)],
  ['2,500 headers', 200, get('/healthz', ...manyHeaders)],
  [
    "2,500 headers and a proxy's",
    403,
    get('/healthz', ...manyHeaders, 'X-Forwarded-For: 203.0.113.7'),
  ],
  ['a search for nothing', 400, get('/shows?search=%20')],
  ['a search for operators', 200, get('/shows?search=%26%7C!()%3A*%27%5C')],
  ['a search for NUL', 400, get('/shows?search=%00')],
  ['a limit of 0', 400, get('/shows?limit=0')],
  ['a limit of 1e99', 400, get('/shows?limit=1e99')],
  ['a limit that is a list', 400, get('/shows?limit=1&limit=2')],
  ['an unknown parameter', 400, get('/shows?order=name')],
  ['a parameter that is __proto__', 400, get('/shows?__proto__=1')],
  ['upcoming maybe', 400, get('/shows?upcoming=maybe')],
  ['after nothing', 404, get('/shows?after=')],
  ['DELETE of a show', 405, get('/shows/SHOW').replace('GET', 'DELETE')],
  ['PUT of a booking', 405, get('/shows/SHOW/book').replace('GET', 'PUT')],
  ['TRACE', 405, get('/shows').replace('GET', 'TRACE')],
  ['a method of WebDAV', 405, get('/shows').replace('GET', 'PROPFIND')],
  ['an invalid method', 400, get('/shows').replace('GET', 'STEAL')],
  ['no HTTP at all', 400, 'hello\r\n\r\n'],
  ['TLS to a port without', 400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  ['HTTP/9.9', 400, get('/shows').replace('HTTP/1.1', 'HTTP/9.9')],
  [
    'a length that is not a number',
    400,
    json('{}').replace(/Content-Length: .*/, 'Content-Length: many'),
  ],
  ['a negative length', 400, json('{}').replace(/Content-Length: .*/, 'Content-Length: -1')],
  ['two lengths', 400, json('{}').replace('\r\n', '\r\nContent-Length: 5\r\n')],
  [
    'a length and chunks: smuggling',
    400,
    json('{}').replace('\r\n', '\r\nTransfer-Encoding: chunked\r\n'),
  ],
  [
    'invalid chunks',
    400,
    `POST ${BOOK} HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  ],
  ['a header with a line break in it', 400, get('/shows', 'X: a\rSet-Cookie: b')],
  ['two hosts, one of them empty', 403, `GET /shows HTTP/1.1\r\nHost:\r\nHost: a\r\n\r\n`],
  ['the name of another machine', 403, get('/shows', 'Host: evil.example')],
  ...[
    'localhost.evil.example',
    'evil.example.localhost',
    'localhost:3000.evil.example',
    'evil.example:3000',
    '127.0.0.1.evil.example',
    'x127.0.0.1',
    '[::1].evil.example',
    '0.0.0.0',
  ].map((host): (typeof requests)[number] => [
    `${host}, nearly our name`,
    403,
    get('/shows', `Host: ${host}`),
  ]),
  ...[
    'Forwarded: for=203.0.113.7',
    'X-Forwarded: for=203.0.113.7',
    'X-Forwarded-For: 203.0.113.7',
    'x-forwarded-host: tickets.example',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Port: 443',
    'X-Forwarded-Prefix: /tickets',
    'X-Real-IP: 203.0.113.7',
    'Via: 1.1 proxy.example',
    'Via:',
  ].map((header): (typeof requests)[number] => [
    `what a proxy adds: ${header}`,
    403,
    get('/shows', header),
  ]),
  [
    'a booking that a proxy passes on',
    403,
    json('{"seats":[1]}').replace('\r\n', '\r\nX-Forwarded-For: 127.0.0.1\r\n'),
  ],
  [
    'a booking from a foreign web page',
    403,
    json('{"seats":[1]}').replace('\r\n', '\r\nOrigin: https://evil.example\r\n'),
  ],
  ...[
    'http://evil-localhost:3000',
    'http://evil.example:3000',
    'http://localhost:3000.evil.example',
    'http://localhost:30001',
    'http://localhost',
    'https://localhost:3000',
    'null',
  ].map((origin): (typeof requests)[number] => [
    `a booking from the web page ${origin}, nearly our own`,
    403,
    json('{"seats":[1]}').replace('\r\n', `\r\nHost: localhost:3000\r\nOrigin: ${origin}\r\n`),
  ]),
  ['an unknown expectation', 417, get('/shows', 'Expect: a-pony')],
  [
    'an upgrade to another protocol',
    200,
    get('/healthz', 'Connection: Upgrade, close', 'Upgrade: h2c'),
  ],
  ['names in Chinese', 404, get(asLatin1('/shows/%E7%8C%AB'))],
]

/**
 * Sends the bytes on a separate connection, and returns the status and the body of the first
 * response.
 */
async function send(sent: string): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  const hasHost = /\r\nHost:/i.test(sent)
  const named = hasHost ? sent : sent.replace('\r\n', `\r\nHost: ${hostname}:${port}\r\n`)
  const closing = named.replace('\r\n', '\r\nConnection: close\r\n')
  socket.on('error', () => {}) // The server may refuse the request before all of it is sent.
  socket.write(/\r\nConnection:/.test(named) ? named : closing, 'latin1')
  const answer = await text(socket).catch(() => '')
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), body }
}

it.each(requests)('%s: %i', async (_title, expected, sent) => {
  const { status, body } = await send(sent.replaceAll('SHOW', show))
  expect(status).toBe(expected)
  expect(body).not.toMatch(/node_modules|\.ts:|\.cjs|at Object|select |Knex/)
})

it('there are at least sixty of them; after them, no request is running, no seat is sold and no bug is logged', async () => {
  expect(requests.length).toBeGreaterThanOrEqual(60)
  expect((await send(get('/healthz'))).status).toBe(200)
  const { body: counters } = await send(get('/metrics'))
  expect(counters).toContain('tickets_http_requests_under_way 0')
  expect(counters).toContain('tickets_bookings_total{outcome="CONFIRMED"} 0')
  const [row] = await db.sql('select confirmed_seats_count as sold from shows where id = $1', [
    show,
  ])
  expect(row).toEqual({ sold: 0 })
  expect(await db.sql('select count(*)::int as n from shows')).toEqual([{ n: 1 }])
  expect(server.stderr()).not.toMatch(/"level":(50|60)/)
})
