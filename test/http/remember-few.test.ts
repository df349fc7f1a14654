import { expect, it } from 'vitest'
import { rememberFew } from '../../src/http/remember-few.js'

it('what is made is kept for the keys that were asked for last, and made again for others', () => {
  const made: string[] = []
  const get = rememberFew(2, (key: string) => made.push(key) && key.toUpperCase())
  const asked = ['a', 'b', 'a', 'c', 'a', 'b']
  expect(asked.map(get)).toEqual(['A', 'B', 'A', 'C', 'A', 'B'])
  expect(made).toEqual(['a', 'b', 'c', 'b'])
})
