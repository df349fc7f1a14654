import type { SeatLayout } from '../../house/seats.js'
import type { SeatAnswer } from './seat-answer.js'

/** A question whose answer is a line of text. */
export interface TextQuestion {
  /** A sentence above the question. */
  above?: string
  message: string
  /** An example or a limit, shown while asking. */
  hint?: string
  default?: string
  /** Throws a TicketsError to refuse the answer: its sentence is shown and the question asked again. */
  check?(answer: string): unknown
}

/** A question whose answer is a whole number from `min` to `max`. */
export interface NumberQuestion {
  message: string
  default?: number
  min: number
  max: number
  /** Why it cannot be less. */
  reason?: string | null
}

/** One of the answers to choose from. */
export interface Choice<Value> {
  /** What `askChoice` returns. */
  value: Value
  name: string
  /** Shown after the name, to distinguish choices of the same name. */
  details?: string
}

/** A question whose answer is chosen from a list. */
export interface ChoiceQuestion<Value> {
  message: string
  /** What a choice is, in the singular: 'show'. */
  noun: string
  /** What may be typed. */
  hint: string
  /** The hint if the question is asked line by line, with numbered choices; default: `hint`. */
  lineHint?: string
  /** The choices for the text typed so far (undefined at first); the signal aborts an outdated search. */
  search(term: string | undefined, signal: AbortSignal): Promise<Choice<Value>[]>
}

/** A question whose answer is a show. */
export interface ShowQuestion<Show> extends Pick<ChoiceQuestion<Show>, 'search'> {
  message?: string
  lineHint?: string
}

/** A question whose answer is seats, or a number of them. */
export interface SeatsQuestion {
  layout: SeatLayout
  /** The name of the only section that they may be in. */
  section?: string | undefined
  /** Throws a TicketsError to refuse the answer: its sentence is shown and the question asked again. */
  check?(answer: SeatAnswer): unknown
}

/** A yes-or-no question. */
export interface ConfirmQuestion {
  /** A sentence above the question. */
  above?: string
  message: string
  /** The answer that Enter gives; default: true. */
  default?: boolean
}

/** A key that answers a question. */
export interface KeyChoice<Value> {
  /** What `askKey` returns. */
  value: Value
  /** The names that readline gives the key: `return`, `escape`, `q`. */
  keys: readonly string[]
  /** The key as it is shown. */
  key: string
  /** What it does, shown after the key. */
  what: string
}
