import { expect, it } from 'vitest'
import { remember } from '../../src/shared/remember.js'

it('a value is made once for each key, and again after there were too many keys', () => {
  const made: string[] = []
  const get = remember(2, (key: string) => made.push(key) && key.toUpperCase())
  const asked = ['a', 'b', 'a', 'c', 'c', 'a']
  expect(asked.map(get)).toEqual(['A', 'B', 'A', 'C', 'C', 'A'])
  expect(made).toEqual(['a', 'b', 'c', 'a'])
})

it('the absence of a value is remembered as well', () => {
  let made = 0
  const get = remember(2, (_: string) => {
    made++
    return undefined
  })
  get('a')
  get('a')
  expect(made).toBe(1)
})
