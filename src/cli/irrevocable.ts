import { TicketsError } from '../shared/errors.js'
import type { Asking } from '../terminal/prompts/asking.js'
import type { Context } from './context.js'

/** A step that cannot be taken back. */
export interface Irrevocable {
  /** `-y` was given. */
  isSure: boolean
  /** What it would do: a sentence. */
  plan: string
  /** The question to a person, to which Enter answers no; or a function that asks it. */
  question: string | ((asking: Asking) => Promise<boolean>)
  /** What a script passes instead of an answer; default: '-y (--yes)'. */
  flags?: string
  /** What is said when it is not done. */
  unchanged: string
}

/**
 * The rule for steps that cannot be taken back: a terminal asks, and a script must pass `-y`. They
 * are to cancel a booking or a show, to roll the schema back, to repair, and to run `stress` on a
 * real show. A step that can be undone is not asked about: a move, a check-in or its undo, an edit
 * of a show. Neither is the end of a token, as a lost one must be refused at once, and a new one
 * replaces it.
 *
 * Resolves to whether the step may be done; false is a person's no. Throws INPUT_REQUIRED where
 * there is no terminal to ask on, and what the prompts throw.
 */
export async function mayProceed(
  { output, asking }: Context,
  { isSure, plan, question, flags = '-y (--yes)', unchanged }: Irrevocable,
): Promise<boolean> {
  if (isSure) return true
  if (!output.canPrompt) {
    throw new TicketsError('INPUT_REQUIRED', `${plan} Pass ${flags} if that is meant. ${unchanged}`)
  }
  const onBehalf = { ...asking, unchanged }
  if (typeof question !== 'string') return question(onBehalf)
  const { askConfirm } = await import('../terminal/prompts/prompts.js')
  return askConfirm(onBehalf, { message: question, default: false })
}
