/**
 * Writes C1 controls, bidi controls and zero-width characters in JSON text as `\uXXXX`: the
 * document stays the same for a parser, and is harmless to a terminal. Keeps line breaks between
 * documents.
 */
export function safeJsonText(text: string): string {
  return isPlain.test(text) ? text : text.replace(unsafe, escaped)
}

const isPlain = /^[\n -~]*$/
const unsafe = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')
}
