import { createPrompt, isEnterKey, useEffect, useKeypress, useRef, useState } from '@inquirer/core'
import type { FullScreen } from '../full-screen.js'
import type { RenderStyle } from '../render/style.js'
import type { House } from '../seat-map/house.js'
import { type Key, pressKey } from './picker-keys.js'
import { drawPicker } from './picker-screen.js'
import {
  finishPicking,
  type Picking,
  type PickingStart,
  seeHouse,
  startPicking,
  untyped,
} from './picker-state.js'

export interface PickerQuestion extends PickingStart {
  message?: string
  /** The show, and when it is. */
  heading: string
  /** The house after every change while the question is asked. An error ends the question. */
  changes: AsyncIterable<House>
}

export interface PickerConfig extends PickerQuestion {
  message: string
  screen: FullScreen
  style: RenderStyle
  /** Ends the question with an error. */
  fail(error: unknown): void
}

/**
 * The seat picker as a prompt for inquirer, which reads the keys and ends the prompt; the map is
 * drawn on `screen`. Answers with seat numbers, or undefined at Escape.
 */
export const pickerPrompt = createPrompt<number[] | undefined, PickerConfig>((config, done) => {
  const { screen, style, heading } = config
  const [picking, setPicking] = useState(() => startPicking(config))
  const [, drawAgain] = useState(0)
  const top = useRef(0)
  const { columns, rows } = screen
  const drawn = drawPicker(picking, heading, top.current, { ...style, columns, rows })
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
    if (isEnterKey(key) && drawn.view !== 'sections') return finish(picking, setPicking, done)
    if (key.name === 'escape' && picking.typed.text === '' && drawn.view !== 'section') {
      return done(undefined)
    }
    setPicking(pressKey(picking, key, drawn, performance.now()))
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

/** Passes on every change of the house until the returned function is called. */
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
