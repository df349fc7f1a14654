import { expect, it } from 'vitest'
import { formatReference, newReference, parseReference } from '../../src/booking/references.js'

it('a new reference is eight letters and digits that are hard to misread, and is read in any form that people type', () => {
  const references = Array.from({ length: 10_000 }, () => newReference())
  expect(references.filter((each) => !/^[2-9A-HJKMNP-TV-Z]{8}$/.test(each))).toEqual([])
  expect(new Set(references).size).toBe(references.length)
  expect(references.map((each) => parseReference(formatReference(each)))).toEqual(references)
})
