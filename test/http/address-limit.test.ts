import { expect, it } from 'vitest'
import { AddressLimit } from '../../src/http/address-limit.js'

it.each([
  ['203.0.113.7', '203.0.113.7', true],
  ['203.0.113.7', '203.0.113.8', false],
  ['203.0.113.7', '::ffff:203.0.113.7', true],
  ['::ffff:203.0.113.7', '::ffff:203.0.113.8', false],
  ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
  ['2001:db8:1:2::1', '2001:0DB8:0001:0002::9', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['fe80::1%eth0', 'fe80::2%eth0', true],
  ['::1', '127.0.0.1', false],
])('%s and %s share a limit: %s', (first, second, isOne) => {
  const limit = new AddressLimit(1)
  expect(limit.enter(first)).toBeDefined()
  expect(limit.enter(second) === undefined).toBe(isOne)
})

it('a place that is given back is free again, and no other place is', () => {
  const limit = new AddressLimit(2)
  const places = [limit.enter('203.0.113.7'), limit.enter('203.0.113.7')]
  expect(limit.enter('203.0.113.7')).toBe(undefined)
  places[0]!()
  expect(limit.enter('203.0.113.7')).toBeDefined()
  expect(limit.enter('203.0.113.7')).toBe(undefined)
})
