import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { ask } from '../support/http.js'
import { serveFile } from '../support/serve-file.js'

const server = serveFile({ rate: 5, requireToken: true })

// Time stands still, so that all requests of a test are in one second.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterAll(() => {
  vi.useRealTimers()
})

it.each([
  ['GET', '/shows', 200],
  ['GET', '/docs', 401],
  ['GET', '/nowhere', 404],
  ['DELETE', '/shows', 405],
  ['GET', '/shows/%', 400],
  ['POST', '/admin/shows', 401],
])(
  '%s %s: requests over the limit per second are refused with Retry-After',
  async (method, path, status) => {
    const asked = async (count: number) => {
      const answers = Array.from({ length: count }, () => ask(server.url + path, { method }))
      return Promise.all(answers)
    }
    vi.setSystemTime(Date.now() + 10_000)
    const answers = await asked(40)
    const limited = answers.filter((answer) => answer.status === 429)
    expect(limited).toHaveLength(35)
    expect(limited[0]!.headers.get('retry-after')).toBe('1')
    expect(limited[0]!.body.error).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryable: true })
    for (const answer of answers) expect([status, 429]).toContain(answer.status)
    vi.setSystemTime(Date.now() + 1001)
    expect((await asked(5)).map((answer) => answer.status)).toEqual(Array(5).fill(status))
  },
)
