import cliTruncate from 'cli-truncate'
import stringWidth from 'string-width'
import { type RenderStyle, signs } from './style.js'

/** The columns that the text takes on a terminal; colour codes take none. */
export function textWidth(text: string): number {
  return stringWidth(text) + (text.match(joinedSaraAm)?.length ?? 0)
}

// The Thai and Lao vowel AM joins the letter before it in one grapheme, for which string-width
// counts one column; terminals give the vowel another column.
const joinedSaraAm = /(?<!^)[\u0e33\u0eb3]/g

/** The text cut to `width` columns, the last of them an ellipsis when something is missing. */
export function fitText(text: string, width: number, style: Pick<RenderStyle, 'unicode'>): string {
  if (textWidth(text) <= width) return text
  const { ellipsis } = signs(style)
  // cli-truncate keeps a wide character that begins in the last column, and counts as string-width.
  for (let columns = width; columns > 0; columns--) {
    const cut = cliTruncate(text, columns, { truncationCharacter: ellipsis })
    if (textWidth(cut) > width) continue
    const end = cut.lastIndexOf(ellipsis)
    return cut.slice(0, end).trimEnd() + cut.slice(end)
  }
  return width < 1 ? '' : ellipsis
}

/** The text followed, or preceded, by the spaces that make it `width` columns wide. */
export function padText(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, width - textWidth(text)))
  return align === 'left' ? text + spaces : spaces + text
}

/**
 * The text in lines of at most `width` columns, broken at spaces; a longer word stays whole.
 *
 * Not by wrap-ansi: it normalizes the text, which replaces some characters of Japanese names by
 * others, and counts the Thai and Lao vowel AM as string-width does.
 */
export function wrapWords(text: string, width: number): string[] {
  return wrapTexts(text.split(' '), ' ', width)
}

/** The texts in lines of at most `width` columns, with `between` between two on a line; none is broken. */
export function wrapTexts(texts: readonly string[], between: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const text of texts) {
    if (line !== '' && textWidth(line + between) + textWidth(text) > width) {
      lines.push(line)
      line = text
    } else {
      line += line === '' ? text : between + text
    }
  }
  return [...lines, line]
}
