import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { validate } from '@readme/openapi-parser'
import { build } from 'esbuild'
import { generate } from 'openapi-typescript-codegen'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ask } from '../support/http.js'
import { serveFile } from '../support/serve-file.js'

const server = serveFile()
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tickets-client-'))
})
afterAll(() => rm(directory, { recursive: true }))

it('the document is valid OpenAPI, and describes every route of the box office', async () => {
  const { body } = await ask(`${server.url}/openapi.json`)
  expect(await validate(structuredClone(body))).toMatchObject({ valid: true })
  expect(body).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } })
  const routes = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )
  expect(routes.sort()).toEqual([
    'get /bookings/{booking}',
    'get /healthz',
    'get /metrics',
    'get /openapi.json',
    'get /readyz',
    'get /shows',
    'get /shows/{show}',
    'get /shows/{show}/events',
    'get /shows/{show}/plan',
    'get /shows/{show}/seats',
    'post /admin/shows',
    'post /bookings/{booking}/cancel',
    'post /bookings/{booking}/check-in',
    'post /bookings/{booking}/confirm',
    'post /bookings/{booking}/move',
    'post /shows/{show}/book',
  ])
  expect(body.paths['/shows/{show}/book'].post.security).toEqual([{ token: [] }])
  expect(Object.keys(body.paths['/shows/{show}/book'].post.responses).map(Number)).toEqual([
    200, 201, 400, 401, 403, 404, 409, 413, 415, 429, 503,
  ])
  expect(body.paths['/bookings/{booking}/confirm'].post.requestBody.required).toBe(false)
  expect(body.paths['/bookings/{booking}/move'].post.requestBody.required).toBe(true)
})

it('a client generated from the document creates a show, books a seat, and gets the taken seats in a refusal', async () => {
  const { body: input } = await ask(`${server.url}/openapi.json`)
  await generate({ input, output: directory, httpClient: 'fetch', useOptions: true })
  const outfile = join(directory, 'client.mjs')
  await build({
    entryPoints: [join(directory, 'index.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outfile,
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    alias: { 'form-data': 'node:util' }, // It is for uploads, and there are none.
  })
  const { DefaultService, OpenAPI, ApiError } = await import(pathToFileURL(outfile).href)
  OpenAPI.BASE = server.url

  const show = await DefaultService.createShow({
    requestBody: { name: 'Cats', start_time: '2030-01-01T19:00:00Z', total_seats: 10 },
  })
  const booking = await DefaultService.bookSeats({
    show: show.id,
    idempotencyKey: 'order 1',
    requestBody: { seats: [3], customer: 'Ada' },
  })
  expect(booking).toMatchObject({ status: 'CONFIRMED', seats: [3], customer: 'Ada' })
  const refused = await DefaultService.bookSeats({
    show: show.id,
    requestBody: { seats: [3] },
  }).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(ApiError)
  expect(refused).toMatchObject({ status: 409, body: { error: { code: 'SEATS_TAKEN' } } })
  expect(await DefaultService.viewSeats({ show: show.id })).toMatchObject({ booked: [3] })
  expect(await DefaultService.viewBooking({ booking: booking.reference })).toMatchObject({
    id: booking.id,
  })
})

it('the page that shows it loads all of its parts from this server, under a strict policy', async () => {
  const page = await ask(`${server.url}/docs`)
  expect(page.status).toBe(200)
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self';")
  const parts = [...String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!)
  expect(parts.length).toBeGreaterThan(3)
  for (const part of parts) {
    const url = new URL(part, `${server.url}/docs/`)
    expect(url.origin).toBe(server.url)
    expect([part, (await ask(url.href)).status]).toEqual([part, 200])
  }
})
