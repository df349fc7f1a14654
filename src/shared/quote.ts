/** The maximum length of a user's text in a message. */
const LONGEST = 30

/**
 * Quotes a user's text in a message: in quotation marks, shortened, and without characters that
 * could move the cursor, colour a terminal or reverse the line.
 */
export function quote(text: string): string {
  return `"${shorten(text)}"`
}

/** Like `quote`, but without quotation marks, for a name or a number. */
export function shorten(text: string): string {
  // A character has at most two code units, so the whole text, perhaps a megabyte, need not be
  // split.
  const characters = [...text.slice(0, 2 * (LONGEST + 1))]
  const shown = escapeControls(characters.slice(0, LONGEST).join(''))
  return characters.length > LONGEST ? `${shown}…` : shown
}

/** Returns the whole text, with visible escapes for characters that are dangerous on a terminal. */
export function escapeControls(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}
