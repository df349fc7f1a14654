/**
 * JSON text with C1 controls, bidi controls and zero-width characters written as `\uXXXX`: the same
 * document to a parser, and harmless to a terminal. Line breaks between documents stay.
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
