import stringWidth from 'string-width'

/** How many columns of a terminal the text takes; colour codes take none. */
export function textWidth(text: string): number {
  return stringWidth(text) + (text.match(joinedSaraAm)?.length ?? 0)
}

// The Thai and Lao vowel AM joins the letter before it in one grapheme, for which string-width
// counts one column; terminals give the vowel a column of its own.
const joinedSaraAm = /(?<!^)[\u0e33\u0eb3]/g

/** The text cut to `width` columns, the last of them an ellipsis when something is missing. */
export function fitText(text: string, width: number, ellipsis = '…'): string {
  if (textWidth(text) <= width) return text
  const room = width - textWidth(ellipsis)
  if (room < 0) return ''
  return takeWidth(text, room).trimEnd() + ellipsis
}

/** The text followed, or preceded, by the spaces that make it `width` columns wide. */
export function padText(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, width - textWidth(text)))
  return align === 'left' ? text + spaces : spaces + text
}

// By grapheme: half a flag or a letter without its accent is another text.
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

function takeWidth(text: string, width: number): string {
  let taken = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += textWidth(segment)
    if (used > width) break
    taken += segment
  }
  return taken
}
