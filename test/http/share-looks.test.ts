import { expect, it } from 'vitest'
import { shareLooks } from '../../src/http/share-looks.js'

/** Looks that end when they are told to, in the order in which they began. */
function looksOnDemand() {
  const share = shareLooks<string>()
  const begun: { key: string; end(answer: string): void; fail(error: Error): void }[] = []
  const look = (key: string) =>
    share(key, () => new Promise((end, fail) => void begun.push({ key, end, fail })))
  return { look, begun, keys: () => begun.map(({ key }) => key).join('') }
}

it('no answer is older than its request, and concurrent requests share one', async () => {
  const { look, begun, keys } = looksOnDemand()
  const first = look('a')
  const crowd = Array.from({ length: 100 }, () => look('a'))
  begun[0]!.end('old')
  expect(await first).toBe('old')
  await expect.poll(keys).toBe('aa')
  const late = look('a')
  begun[1]!.end('new')
  expect(new Set(await Promise.all(crowd))).toEqual(new Set(['new']))
  await expect.poll(keys).toBe('aaa')
  begun[2]!.end('newest')
  expect(await late).toBe('newest')
})

it('who asks for something else does not wait', () => {
  const { look, keys } = looksOnDemand()
  void look('a')
  void look('b')
  expect(keys()).toBe('ab')
})

it('a read that fails, fails the requests that share it, and none after them', async () => {
  const { look, begun, keys } = looksOnDemand()
  const first = look('a')
  const second = look('a')
  begun[0]!.fail(new Error('away'))
  await expect(first).rejects.toThrow('away')
  await expect.poll(keys).toBe('aa')
  begun[1]!.end('back')
  expect(await second).toBe('back')
})
