import { expect, it } from 'vitest'
import { shareLookups } from '../../src/http/shared-lookups.js'

/** Reads that end when the test says so, in the order in which they began. */
function readsOnDemand() {
  const share = shareLookups<string>()
  const started: { key: string; end(answer: string): void; fail(error: Error): void }[] = []
  const read = (key: string) =>
    share(key, () => new Promise((end, fail) => void started.push({ key, end, fail })))
  return { read, started, keys: () => started.map(({ key }) => key).join('') }
}

it('no answer is older than its request, and concurrent requests share one', async () => {
  const { read, started, keys } = readsOnDemand()
  const first = read('a')
  const many = Array.from({ length: 100 }, () => read('a'))
  started[0]!.end('old')
  expect(await first).toBe('old')
  await expect.poll(keys).toBe('aa')
  const late = read('a')
  started[1]!.end('new')
  expect(new Set(await Promise.all(many))).toEqual(new Set(['new']))
  await expect.poll(keys).toBe('aaa')
  started[2]!.end('newest')
  expect(await late).toBe('newest')
})

it('a request for something else does not wait', () => {
  const { read, keys } = readsOnDemand()
  void read('a')
  void read('b')
  expect(keys()).toBe('ab')
})

it('a read that fails makes the requests that share it fail, and none after them', async () => {
  const { read, started, keys } = readsOnDemand()
  const first = read('a')
  const second = read('a')
  started[0]!.fail(new Error('away'))
  await expect(first).rejects.toThrow('away')
  await expect.poll(keys).toBe('aa')
  started[1]!.end('back')
  expect(await second).toBe('back')
})
