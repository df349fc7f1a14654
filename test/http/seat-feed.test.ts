import { once } from 'node:events'
import { afterEach, expect, it, vi } from 'vitest'
import { SeatFeeds } from '../../src/http/seat-feed.js'
import { SeatSet, type ShowDetails } from '../../src/index.js'
import { until } from '../support/until.js'

afterEach(() => {
  vi.useRealTimers()
})

const house = {
  totalSeats: 2,
  booked: SeatSet.of([1], 2),
  held: SeatSet.of([], 2),
} as unknown as ShowDetails

/** Feeds of shows that never change after the first read. */
function feedsOf({ perAddress }: { perAddress?: number } = {}) {
  return new SeatFeeds({
    tickets: {
      async *watchShow(_show, { signal } = {}) {
        yield house
        await once(signal!, 'abort')
      },
    },
    perAddress,
    onFailure: () => expect.unreachable(),
    onBug: () => expect.unreachable(),
  })
}

it('the 1,001st stream is refused until another one ends', async () => {
  const feeds = feedsOf()
  const streams = Array.from({ length: 1000 }, (_, i) =>
    feeds.open(`show ${i % 20}`, `10.0.0.${i % 256}`),
  )
  expect(() => feeds.open('show 1', '10.0.0.1')).toThrow(expect.objectContaining({ code: 'BUSY' }))
  streams[0]!.destroy()
  await once(streams[0]!, 'close')
  const next = feeds.open('show 1', '10.0.0.1')
  expect(() => feeds.open('show 1', '10.0.0.1')).toThrow(expect.objectContaining({ code: 'BUSY' }))
  for (const stream of [...streams, next]) stream.destroy()
  await once(next, 'close')
  expect(feeds.streams).toBe(0)
})

it('an address has a limit of streams over all shows, and another address has its own', async () => {
  const feeds = feedsOf({ perAddress: 3 })
  const streams = ['a', 'b', 'a'].map((show) => feeds.open(show, '203.0.113.7'))
  expect(() => feeds.open('c', '203.0.113.7')).toThrow(
    expect.objectContaining({ code: 'TOO_MANY_REQUESTS' }),
  )
  streams.push(feeds.open('c', '203.0.113.8'))
  streams[1]!.destroy()
  await once(streams[1]!, 'close')
  streams.push(feeds.open('c', '203.0.113.7'))
  for (const stream of streams) stream.destroy()
})

it('another plan of the same size is sent as a whole house, because its seats may have other numbers', async () => {
  const feeds = new SeatFeeds({
    tickets: {
      async *watchShow(_show, { signal } = {}) {
        yield { ...house, planId: 'one' }
        yield { ...house, planId: 'other' }
        await once(signal!, 'abort')
      },
    },
    onFailure: () => expect.unreachable(),
    onBug: () => expect.unreachable(),
  })
  const stream = feeds.open('show', '10.0.0.1')
  let text = ''
  for await (const part of stream) {
    text += part
    if (text.split('event: seats').length > 2) break
  }
  expect(text).not.toContain('event: change')
})

it('an idle stream sends a sign of life every 15 seconds', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const feeds = feedsOf()
  const stream = feeds.open('show', '203.0.113.7')
  const texts: string[] = []
  stream.on('data', (chunk) => texts.push(String(chunk)))
  await until(() => texts.length === 1)
  expect(texts[0]).toMatch(/^event: seats\ndata: .*"available":\[2\].*\n\n$/)
  for (const signs of [1, 2]) {
    vi.advanceTimersByTime(14_999)
    expect(texts).toHaveLength(signs)
    vi.advanceTimersByTime(1)
    await until(() => texts.length === signs + 1)
    // A comment, which browsers do not report as an event.
    expect(texts.at(-1)).toMatch(/^: .+\n\n$/)
  }
  stream.destroy()
})
