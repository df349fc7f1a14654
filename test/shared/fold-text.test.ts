import { describe, expect, test } from 'vitest'
import { canonicalText, foldText } from '../../src/shared/fold-text.js'

describe('a text as it is compared', () => {
  test.each([
    ['plain', 'The Lion King', 'The Lion King'],
    ['with accents apart', 'E\u0301mile', 'Émile'],
    ['with runs of spaces, and spaces around', '  The \t Lion\nKing ', 'The Lion King'],
    ['with no-break spaces', 'The\u00a0Lion\u202f\u00a0King', 'The Lion King'],
    ['with an ideographic space and a zero-width one', 'Lion\u3000\ufeffKing', 'Lion King'],
    ['with typographic apostrophes', '‘L’Été’ ʼ ʻ ′ ＇ ‛', `'L'Été' ' ' ' ' '`],
    ['of an accent without a letter', '\u0301', '\u0301'],
    ['of nothing but spaces', ' \u00a0 ', ''],
  ])('%s', (_, text, expected) => {
    expect(canonicalText(text)).toBe(expected)
    expect(canonicalText(expected)).toBe(expected)
  })
})

describe('a text as it is searched', () => {
  test.each([
    ['in capitals', 'THE  LION KING', 'the lion king'],
    ['in capitals with separate accents', 'E\u0301MILE', 'émile'],
    ['with a sharp s', 'STRASSE Straße STRAẞE', 'strasse strasse strasse'],
    ['with a sigma at the end of a word', 'ΟΔΥΣΣΕΥΣ Οδυσσεύς', 'οδυσσευσ οδυσσεύσ'],
    ['with the letters i of Turkish', 'İstanbul ISTANBUL ıstanbul', 'istanbul istanbul istanbul'],
    ['with ligatures', 'ﬁn', 'fin'],
    ['in letters beyond the first 65,536', '𐐀', '𐐨'],
  ])('%s', (_, text, expected) => {
    expect(foldText(text)).toBe(expected)
    expect(foldText(expected)).toBe(expected)
  })
})
