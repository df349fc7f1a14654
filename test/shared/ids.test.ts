import { validate, version } from 'uuid'
import { afterEach, expect, it, vi } from 'vitest'
import { newBookingId } from '../../src/shared/ids.js'

afterEach(() => {
  vi.useRealTimers()
})

it('ids of one process are distinct UUIDv7s, in the order in which they were made', () => {
  const ids = Array.from({ length: 50_000 }, newBookingId)
  expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.toSorted()).toEqual(ids)
})

it('they stay in order when the clock is set back', () => {
  const before = newBookingId()
  vi.useFakeTimers({ now: Date.now() - 3_600_000 })
  const after = [newBookingId(), newBookingId()]
  expect([before, ...after].toSorted()).toEqual([before, ...after])
})
