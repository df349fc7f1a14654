import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { safeText } from '../../../src/shared/safe-text.js'
import { fitText, padText, textWidth, wrapWords } from '../../../src/terminal/render/fit-text.js'

const family = '👩‍👩‍👧'
const texts = fc
  .array(
    fc.constantFrom(
      'a',
      'bc',
      'Ünï',
      'e\u0301',
      '日本',
      '한국',
      'กำ',
      'น้ำ',
      'नि',
      family,
      '🇬🇧',
      ' ',
    ),
    { maxLength: 14 },
  )
  .map((pieces) => pieces.join(''))

describe('fitText', () => {
  test.each([
    ['Hamlet', 6, 'Hamlet'],
    ['Hamlet', 5, 'Haml…'],
    ['The Lion King', 5, 'The…'],
    ['オペラ座', 5, 'オペ…'],
    ['オペラ座', 4, 'オ…'],
    ['🇩🇪🇫🇷🇬🇧', 4, '🇩🇪…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
    ['Hamlet', 0, ''],
    ['The Lion King', 13, 'The Lion King'],
    ['The Lion King', 12, 'The Lion Ki…'],
    ['The Lion King', 10, 'The Lion…'],
    ['日本', 4, '日本'],
    ['日本', 3, '日…'],
    ['日本', 2, '…'],
    ['กำกำกำ', 6, 'กำกำกำ'],
    ['กำกำกำ', 5, 'กำ…'],
    ['กำ', 1, '…'],
    [`${family}${family}`, 3, `${family}…`],
    ['🇬🇧🇫🇷', 2, '…'],
    ['Ada', 1, '…'],
    ['\u001b[32mAda Lovelace\u001b[39m', 5, '\u001b[32mAda…\u001b[39m'],
    ['Ada', -3, ''],
  ])('cuts %j to %i columns: %j', (text, width, cut) => {
    expect(fitText(text, width, { unicode: true })).toBe(cut)
  })

  test('ends in an ASCII character on an ASCII terminal', () => {
    expect(fitText('The Lion King', 8, { unicode: false })).toBe('The Lio~')
  })

  test('never takes more columns than it may, and padding takes exactly that number', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), texts), fc.nat(30), (text, width) => {
        const cut = fitText(safeText(text), width, { unicode: true })
        expect(textWidth(cut)).toBeLessThanOrEqual(width)
        expect(textWidth(padText(cut, width))).toBe(width)
      }),
    )
  })

  test('counts the Thai vowel AM as terminals do', () => {
    expect(textWidth('น้ำ')).toBe(2)
  })
})

describe('wrapWords', () => {
  test('keeps every word, and lines of several words within the width, in any script', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 24 }), (text, width) => {
        const lines = wrapWords(text, width)
        const words = (of: string) => of.split(' ').filter(Boolean)
        expect(lines.flatMap(words)).toEqual(words(text))
        for (const line of lines.filter((line) => words(line).length > 1)) {
          expect(textWidth(line)).toBeLessThanOrEqual(width)
        }
      }),
    )
  })

  test('does not change a name', () => {
    // Unicode normalization changes both; the first is a different character in Japan.
    const name = '\ufa19\u8c37 Zoe\u0308'
    expect(wrapWords(name, 5)).toEqual(name.split(' '))
  })
})
