import type { Shell } from './completion.js'

/**
 * Removes the quotes and backslashes from a word of the command line, which may be unfinished.
 */
export function unquote(raw: string): string {
  let text = ''
  let quote: string | undefined
  for (let i = 0; i < raw.length; i++) {
    const character = raw[i]!
    const next = raw[i + 1]
    const isEscape = character === '\\' && next !== undefined && quote !== "'"
    if (isEscape && (quote === undefined || '"\\$`'.includes(next))) {
      text += next
      i++
    } else if (quote === undefined && (character === '"' || character === "'")) {
      quote = character
    } else if (character === quote) {
      quote = undefined
    } else {
      text += character
    }
  }
  return text
}

/**
 * Quotes a candidate for the shell. Bash puts it on the line as it is, so it needs the quotes that
 * the word begins with, or backslashes; the other shells quote it themselves.
 */
export function quoteFor(shell: Shell, value: string, raw: string): string {
  if (shell !== 'bash') return value
  // Readline keeps the quote that was begun, and closes it.
  if (raw.startsWith("'")) return value.replaceAll("'", `'\\''`)
  if (raw.startsWith('"')) return value.replace(/["\\$`]/g, '\\$&')
  return value.replace(/[^\p{L}\p{N}_./:@%+,=-]/gu, '\\$&')
}
