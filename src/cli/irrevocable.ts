import { TicketsError } from '../shared/errors.js'
import type { Context } from './context.js'

/** A step that cannot be taken back. */
export interface Irrevocable {
  /** Whether `-y` was given. */
  isSure: boolean
  /** A sentence that says what it would do. */
  plan: string
  /** The question to a person, to which Enter answers no; or a function that asks it. */
  question: string | (() => Promise<boolean>)
  /** What a script passes instead of an answer; default: '-y (--yes)'. */
  flags?: string
}

/**
 * Asks before a step that cannot be undone: on a terminal it asks a person; a script must pass `-y`.
 * These steps are: cancelling a booking or a show, rolling back the schema, repairing, restoring,
 * and running `stress` on a real show. Does not ask about a step that can be undone: a move, a
 * check-in, an edit of a show. Nor about revoking a token, because a lost token must be refused at
 * once, and a new one replaces it.
 *
 * Returns whether to proceed: false if the person says no. Throws INPUT_REQUIRED if there is no
 * terminal to ask on, and what the prompts throw.
 */
export async function mayProceed(
  { output, asking }: Context,
  { isSure, plan, question, flags = '-y (--yes)' }: Irrevocable,
): Promise<boolean> {
  if (isSure) return true
  if (!output.canPrompt) {
    const sentence = `${plan} Pass ${flags} to confirm. ${asking.unchanged}`
    throw new TicketsError('INPUT_REQUIRED', sentence)
  }
  if (typeof question !== 'string') return question()
  const { askConfirm } = await import('../terminal/prompts/prompts.js')
  return askConfirm(asking, { message: question, default: false })
}
