import { safeText } from '../../shared/safe-text.js'
import { wrapWords } from './fields.js'
import { type RenderStyle, signs, tint } from './style.js'

/** What went wrong, and what to do. */
export interface Problem {
  /** A sentence or two; line breaks are kept. */
  message: string
  /** Sentences, or commands to type. */
  hints?: string[]
}

/** An error for people: its sentence after a sign, and the hints below. Does not end with a newline. */
export function renderProblem({ message, hints = [] }: Problem, style: RenderStyle): string {
  const [first, ...rest] = indented(message, style)
  return [
    `${tint(style, 'bad', signs(style).failed)} ${first!.slice(2)}`,
    ...rest,
    ...hints.flatMap((hint) => indented(hint, style).map((line) => tint(style, 'quiet', line))),
  ].join('\n')
}

// Every line but the first is indented, so a line break inside a name cannot pose as a new message.
function indented(text: string, { columns }: RenderStyle): string[] {
  return text
    .split('\n')
    .flatMap((line) => wrapWords(safeText(line), columns - 2))
    .map((line) => `  ${line}`)
}
