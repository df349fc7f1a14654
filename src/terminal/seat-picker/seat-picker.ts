import { Writable } from 'node:stream'
import { formatSeats } from '../../house/seats.js'
import { safeText } from '../../shared/safe-text.js'
import { withFullScreen } from '../full-screen.js'
import type { Output } from '../io.js'
import { type Asking, withPrompt } from '../prompts/asking.js'
import { asksInLines } from '../prompts/line-questions.js'
import { signs, tint } from '../render/style.js'
import type { PickerQuestion } from './picker-prompt.js'

export type { PickerQuestion } from './picker-prompt.js'

/**
 * Whether seats can be picked on a map: not if questions are asked in lines, nor on a terminal that
 * lacks Unicode or is too small.
 */
export function canShowMap(output: Output): boolean {
  const { columns = 80, rows = 24 } = output.io.stderr
  const { unicode } = output.errorStyle
  return output.canPrompt && unicode && !asksInLines(output) && columns >= 24 && rows >= 8
}

/**
 * Asks for seats on a map of the house, which fills the screen and is live. Returns seat numbers,
 * ascending; undefined when Escape was pressed. Throws what withPrompt and `changes` throw.
 */
export async function pickSeats(
  asking: Asking,
  { message = 'Which seats?', ...question }: PickerQuestion,
): Promise<number[] | undefined> {
  const { output } = asking
  const [{ promptBy }, { pickerPrompt }] = await Promise.all([
    import('../prompts/prompt-module.js'),
    import('./picker-prompt.js'),
  ])
  const seats = await withPrompt(asking, ({ input, signal }, fail) =>
    withFullScreen(output.io.stderr, (screen) =>
      promptBy(
        pickerPrompt,
        { message, ...question, screen, style: output.errorStyle, fail },
        { input, signal, output: new Nowhere(), clearPromptOnDone: true },
      ),
    ),
  )
  if (seats !== undefined) {
    const style = output.errorStyle
    const done = tint(style, 'good', signs(style).done)
    const answer = tint(style, 'accent', safeText(formatSeats(seats, question.house)))
    output.problem(`${done} ${tint(style, 'strong', message)} ${answer}`)
  }
  return seats
}

/** inquirer writes its prompts here: the screen shows the map. */
class Nowhere extends Writable {
  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done()
  }
}
