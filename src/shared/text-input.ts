import { TicketsError } from './errors.js'

/**
 * Checks a text that a person gave and returns it as it is: it is stored exactly. PostgreSQL can
 * keep neither NUL nor half a surrogate pair, so these are refused here, where the sentence can
 * say so. `what` names the text in the sentence; `limit` counts characters, as PostgreSQL does.
 *
 * Throws INVALID_INPUT.
 */
export function checkText(what: string, text: string, limit: number): string {
  if (text.trim() === '') {
    throw new TicketsError('INVALID_INPUT', `The ${what} is empty. Give at least one character.`)
  }
  if (text.includes('\0') || !text.isWellFormed()) {
    throw new TicketsError(
      'INVALID_INPUT',
      `The ${what} has a character that is not text (NUL or half a surrogate pair). Leave it out.`,
    )
  }
  const length = [...text].length
  if (length > limit) {
    throw new TicketsError(
      'INVALID_INPUT',
      `The ${what} has ${length} characters; at most ${limit} are allowed.`,
    )
  }
  return text
}

/** The same for a text that may be left out: null when it is missing. */
export function checkOptionalText(
  what: string,
  text: string | null | undefined,
  limit: number,
): string | null {
  return text === undefined || text === null ? null : checkText(what, text, limit)
}
