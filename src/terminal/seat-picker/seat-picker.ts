import { Writable } from 'node:stream'
import { createPrompt, isEnterKey, useEffect, useKeypress, useRef, useState } from '@inquirer/core'
import { formatSeats } from '../../house/seats.js'
import { type FullScreen, withFullScreen } from '../full-screen.js'
import type { Output } from '../io.js'
import { type Asking, withPrompt } from '../prompts/asking.js'
import { asksInLines } from '../prompts/line-questions.js'
import { safeText } from '../render/safe-text.js'
import { errorPaperOf, type Paper, signs, tint } from '../render/style.js'
import { type Key, pressKey } from './picker-keys.js'
import { drawPicker } from './picker-screen.js'
import {
  finishPicking,
  type House,
  type Picking,
  seeHouse,
  startPicking,
  untyped,
} from './picker-state.js'

export type { House } from './picker-state.js'

export interface PickerQuestion {
  message?: string
  /** The show, and when it is. */
  heading: string
  house: House
  /** The house at every change, while it is asked. An error ends the question. */
  changes: AsyncIterable<House>
  /** Picked from the start; those of them that are taken are named as lost. */
  picked?: readonly number[]
  /** So many seats are given for as many others: no other number is taken. */
  exchange?: number
  /** Told at first: why it is asked again. */
  notice?: string
}

/**
 * May seats be picked on a map? Not where it is asked in lines, nor on a terminal without
 * Unicode, or too small.
 */
export function canShowMap(output: Output): boolean {
  const { columns = 80, rows = 24 } = output.io.stderr
  return output.canPrompt && output.unicode && !asksInLines(output) && columns >= 24 && rows >= 8
}

/**
 * Asks for seats on a map of the house, which fills the screen and is live. Seat numbers, ascending;
 * undefined when Escape was pressed. Throws what withPrompt and `changes` throw.
 */
export async function pickSeats(
  asking: Asking,
  question: PickerQuestion,
): Promise<number[] | undefined> {
  const { output } = asking
  const seats = await withPrompt(asking, ({ input, signal }, fail) =>
    withFullScreen(output.io.stderr, (screen) =>
      pickerPrompt(
        { ...question, screen, paper: errorPaperOf(output), fail },
        { input, signal, output: new Nowhere(), clearPromptOnDone: true },
      ),
    ),
  )
  const paper = errorPaperOf(output)
  if (seats !== undefined) output.problem(answerLine(question, seats, paper))
  return seats
}

interface PickerConfig extends PickerQuestion {
  screen: FullScreen
  paper: Paper
  fail(error: unknown): void
}

/** inquirer keeps the keys and the end of the prompt; the screen is drawn here. */
const pickerPrompt = createPrompt<number[] | undefined, PickerConfig>((config, done) => {
  const { screen, paper, heading } = config
  const [picking, setPicking] = useState(() => startPicking(config))
  const [, drawAgain] = useState(0)
  const top = useRef(0)
  const { columns, rows } = screen
  const drawn = drawPicker(picking, heading, top.current, { ...paper, columns, rows })
  top.current = drawn.top
  screen.draw(drawn.lines)

  useEffect(() => {
    screen.onBlank = () => drawAgain((times) => times + 1)
    const stop = follow(config, (house) => setPicking((current) => seeHouse(current, house)))
    return () => {
      screen.onBlank = () => {}
      stop()
    }
  }, [])
  useEffect((rl) => {
    rl.on('SIGTSTP', () => suspend(screen, rl.input as NodeJS.ReadStream))
  }, [])
  useKeypress((key: Key & { name: string; ctrl: boolean; shift: boolean }, rl) => {
    // Readline keeps a line of what is typed, and Ctrl-D means the end only while it is empty.
    rl.clearLine(0)
    // A page moves the window too, so that the cursor stays where it is on the screen.
    if (key.name === 'pagedown') top.current += drawn.page
    if (key.name === 'pageup') top.current -= drawn.page
    if (isEnterKey(key)) return finish(picking, setPicking, done)
    if (key.name !== 'escape') return setPicking(pressKey(picking, key, drawn, performance.now()))
    if (picking.typed.text === '') done(undefined)
    else setPicking({ ...picking, typed: untyped, notice: undefined })
  })
  return ''
})

function finish(
  picking: Picking,
  setPicking: (picking: Picking) => void,
  done: (seats: number[]) => void,
): void {
  const finished = finishPicking(picking)
  if (Array.isArray(finished)) done(finished)
  else setPicking({ ...finished, typed: untyped })
}

/** Passes on every change of the house until it is told to stop. */
function follow({ changes, fail }: PickerConfig, see: (house: House) => void): () => void {
  let isOver = false
  const run = async () => {
    for await (const house of changes) {
      if (isOver) return
      see(house)
    }
  }
  run().catch((error) => {
    if (!isOver) fail(error)
  })
  return () => {
    isOver = true
  }
}

function suspend(screen: FullScreen, input: NodeJS.ReadStream): void {
  input.setRawMode(false)
  process.once('SIGCONT', () => input.setRawMode(true))
  screen.suspend()
}

function answerLine(
  { message = 'Which seats?', house }: PickerQuestion,
  seats: number[],
  paper: Paper,
) {
  const done = tint(paper, 'good', signs(paper).done)
  const answer = safeText(formatSeats(seats, house))
  return `${done} ${tint(paper, 'strong', message)} ${tint(paper, 'accent', answer)}`
}

class Nowhere extends Writable {
  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done()
  }
}
