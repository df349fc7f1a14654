import { safeText } from '../../shared/safe-text.js'
import type { Output } from '../io.js'
import { wrapWords } from './fit-text.js'
import { type RenderStyle, signs, tint } from './style.js'

/** An error as people read it. */
interface Problem {
  /** A sentence or two; line breaks are kept. */
  message: string
  /** The seats to take instead. */
  alternativeSpec?: string | undefined
}

/** Prints an error to stderr. */
export function printProblem(output: Output, problem: Problem): void {
  output.problem(renderProblem(problem, output.errorStyle))
}

/** The message after a sign, and the hint below. Does not end with a newline. */
export function renderProblem(problem: Problem, style: RenderStyle): string {
  const [first, ...rest] = indented(problem.message, style)
  const hint = alternativesHint(problem)
  return [
    `${tint(style, 'bad', signs(style).failed)} ${first!.slice(2)}`,
    ...rest,
    ...(hint ? indented(hint, style).map((line) => tint(style, 'quiet', line)) : []),
  ].join('\n')
}

/** The hint at other free seats, if a refusal has some. */
export function alternativesHint({ alternativeSpec }: Problem): string | undefined {
  return alternativeSpec ? `Free instead: ${alternativeSpec}` : undefined
}

// Every line but the first is indented, so a line break inside a name cannot pose as a new message.
function indented(text: string, { columns }: RenderStyle): string[] {
  return text
    .split('\n')
    .flatMap((line) => wrapWords(safeText(line), columns - 2))
    .map((line) => `  ${line}`)
}
