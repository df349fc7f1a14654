import { expect, test } from 'vitest'
import { quote } from '../../src/shared/quote.js'
import { repeatedField } from '../../src/shared/repeated-field.js'

test.each([
  ['twice in a row', '{"seats":"1","seats":"2"}', 'seats'],
  ['with another between', '{"seats":"1","count":2,"seats":"2"}', 'seats'],
  ['with spaces before the colon', '{"seats" :"1","seats"\n:"2"}', 'seats'],
  ['once written with an escape', '{"seats":"1","s\\u0065ats":"2"}', 'seats'],
  ['after a value that ends with a backslash', '{"note":"\\\\","note":"x"}', 'note'],
  ['with an escaped quote in its name', '{"a\\"b":1,"a\\"b":2}', 'a"b'],
])('names a field that appears %s', (_, json, field) => {
  JSON.parse(json)
  const error = repeatedField(json)
  expect(error).toMatchObject({ code: 'INVALID_INPUT' })
  expect(error!.message).toContain(quote(field))
})

test.each([
  ['different fields', '{"seats":"1","count":2}'],
  ['a value that is another field', '{"note":"key","key":"note"}'],
  ['values that look like fields', '{"note":"\\"note\\":","key":"note:"}'],
  ['a list of equal values', '{"seats":["a","a"]}'],
  ['four million escapes', JSON.stringify({ plan: '\n'.repeat(4_000_000) })],
])('finds none in %s', (_, json) => {
  JSON.parse(json)
  expect(repeatedField(json)).toBeUndefined()
})
