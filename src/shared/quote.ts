/** How many characters of somebody's text one of our sentences repeats. */
const LONGEST = 30

/**
 * Somebody's text inside one of our sentences: in quotation marks, shortened, and without any
 * character that could move a cursor, colour a terminal or turn the line around.
 */
export function quote(text: string): string {
  return `"${shorten(text)}"`
}

/** The same without the quotation marks, for what is already known to be a name or a number. */
export function shorten(text: string): string {
  // A character has at most two code units: no need to spread a megabyte to show its beginning.
  const characters = [...text.slice(0, 2 * (LONGEST + 1))]
  const shown = escapeControls(characters.slice(0, LONGEST).join(''))
  return characters.length > LONGEST ? `${shown}…` : shown
}

/** The text in full, with what could do harm on a terminal written as a visible escape. */
export function escapeControls(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}
