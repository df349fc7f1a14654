import { expect, it } from 'vitest'
import { ask } from '../support/http.js'
import { serveFile } from '../support/serve-file.js'
import { until } from '../support/until.js'

const server = serveFile({ rate: 5, requireToken: true })

it.each([
  ['GET', '/shows', 200],
  ['GET', '/docs', 401],
  ['GET', '/nowhere', 404],
  ['DELETE', '/shows', 405],
  ['GET', '/shows/%', 400],
  ['POST', '/admin/shows', 401],
])('%s %s is limited: who asks too often is told to slow down', async (method, path, status) => {
  // What the test before has used up comes back within a second.
  await until(async () => (await ask(`${server.url}/healthz`)).status === 200)
  const asked = Array.from({ length: 40 }, () => ask(server.url + path, { method }))
  const answers = await Promise.all(asked)
  const limited = answers.filter((answer) => answer.status === 429)
  expect(limited.length).toBeGreaterThan(0)
  expect(limited.length).toBeLessThan(40)
  expect(limited[0]!.headers.get('retry-after')).toBe('1')
  expect(limited[0]!.body.error).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryable: true })
  for (const answer of answers) expect([status, 429]).toContain(answer.status)
})
