import { invalidInput } from './errors.js'

/**
 * Checks a user's text and returns it unchanged, because it is stored exactly. PostgreSQL can store
 * neither NUL nor half a surrogate pair, so both are refused here with a clear message. `what`
 * names the text in the message; `limit` counts characters, as PostgreSQL does.
 *
 * Throws INVALID_INPUT.
 */
export function checkText(what: string, text: string, limit: number): string {
  if (text.trim() === '') {
    throw invalidInput(`The ${what} is empty. Give at least one character.`)
  }
  if (text.includes('\0') || !text.isWellFormed()) {
    throw invalidInput(
      `The ${what} has a character that is not text (NUL or half a surrogate pair). Leave it out.`,
    )
  }
  const length = [...text].length
  if (length > limit) {
    throw invalidInput(`The ${what} has ${length} characters; at most ${limit} are allowed.`)
  }
  return text
}

/** Checks an optional text; returns null if it is missing. */
export function checkOptionalText(
  what: string,
  text: string | null | undefined,
  limit: number,
): string | null {
  return text === undefined || text === null ? null : checkText(what, text, limit)
}
