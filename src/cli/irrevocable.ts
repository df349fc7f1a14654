import { TicketsError } from '../shared/errors.js'
import type { Asking } from '../terminal/prompts/asking.js'
import type { Context } from './context.js'

/** A step that cannot be taken back. */
export interface Irrevocable {
  /** `-y` was given. */
  isSure: boolean
  /** What it would do: a sentence. */
  plan: string
  /** The question to a person, to which Enter is no; or what asks it. */
  question: string | ((asking: Asking) => Promise<boolean>)
  /** What a script passes instead of an answer; default: '-y (--yes)'. */
  flags?: string
  /** What is said when it is not done. */
  unchanged: string
}

/**
 * The rule for what cannot be taken back: it is asked about on a terminal and wants `-y` elsewhere.
 * That is to cancel a booking or a show, to roll the schema back, to repair, and to book a show of
 * somebody's own under load. What can be undone is not asked about: a move, a check-in or its undo,
 * an edit of a show. Neither is the end of a token: a lost one must be refused at once, and a new
 * one takes its place.
 *
 * Resolves to whether it may be done; false is a person's no. Throws INPUT_REQUIRED where there is
 * no terminal to ask on, and what the prompts throw.
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
