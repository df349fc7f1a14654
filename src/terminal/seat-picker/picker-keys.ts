import { parseSeats, type SeatLayout } from '../../house/seats.js'
import { TicketsError } from '../../shared/errors.js'
import { type Picking, pickBest, pointAt, toggleSeat, untyped } from './picker-state.js'
import type { SeatGrid } from './seat-grid.js'

/** A key as readline reports it. */
export interface Key {
  name?: string
  /** The characters that the terminal sent. */
  sequence?: string
  ctrl?: boolean
  meta?: boolean
}

/** How the house is laid out on the screen, for the keys that move over it. */
export interface Viewport {
  grid: SeatGrid
  /** Lines of seats on the screen. */
  page: number
}

/** Applies a key pressed at `now` (milliseconds). The prompt handles Enter and Escape itself. */
export function pressKey(picking: Picking, key: Key, viewport: Viewport, now: number): Picking {
  if (key.ctrl || key.meta) return picking
  const answered = { ...picking, notice: undefined }
  if (key.name === 'backspace') return retype(answered, picking.typed.text.slice(0, -1), now)
  const character = key.sequence ?? ''
  if (/^[a-z0-9]$/i.test(character)) return typeCharacter(answered, character.toUpperCase(), now)
  const command = commands[key.name ?? ''] ?? commands[character]
  return command ? command({ ...answered, typed: untyped }, viewport) : picking
}

type Command = (picking: Picking, viewport: Viewport) => Picking

const commands: Record<string, Command> = {
  left: (picking) => pointAt(picking, picking.cursor - 1),
  right: (picking) => pointAt(picking, picking.cursor + 1),
  up: (picking, viewport) => moveLines(picking, viewport, -1),
  down: (picking, viewport) => moveLines(picking, viewport, 1),
  pageup: (picking, viewport) => moveLines(picking, viewport, -viewport.page),
  pagedown: (picking, viewport) => moveLines(picking, viewport, viewport.page),
  home: (picking, viewport) => pointAt(picking, lineUnder(picking, viewport).first),
  end: (picking, viewport) => pointAt(picking, lineUnder(picking, viewport).last),
  space: toggleSeat,
  '+': more,
  // '=' and '_' share their keys with '+' and '-' on many keyboards.
  '=': more,
  '-': fewer,
  _: fewer,
}

function more(picking: Picking): Picking {
  return pickBest(picking, picking.picked.size + 1)
}

function fewer(picking: Picking): Picking {
  return pickBest(picking, Math.max(picking.picked.size - 1, 0))
}

/** Moves up or down in the same column, within the house. */
function moveLines(picking: Picking, { grid }: Viewport, by: number): Picking {
  const { cursor } = picking
  const from = grid.lineOf(cursor)
  const to = Math.min(Math.max(from + by, 0), grid.lineCount - 1)
  const { first, last } = grid.lineAt(to)
  const column = cursor - grid.lineAt(from).first
  return pointAt(picking, Math.min(first + column, last))
}

function lineUnder({ cursor }: Picking, { grid }: Viewport) {
  return grid.lineAt(grid.lineOf(cursor))
}

/** A character typed this many milliseconds after the last one begins a new label or number. */
const PAUSE = 2000

function typeCharacter(picking: Picking, character: string, now: number): Picking {
  const { text, at } = picking.typed
  const isNew = now - at > PAUSE || (/\d$/.test(text) && /[A-Z]/.test(character))
  return retype(picking, isNew ? character : text + character, now)
}

/** Acts on the text at every character: `B` goes to the row, `B1` to the seat. */
function retype(picking: Picking, text: string, now: number): Picking {
  const typing = { ...picking, typed: { text, at: now } }
  if (text === '') return { ...typing, typed: untyped }
  try {
    const meaning = readTyped(text, picking.house)
    return 'count' in meaning ? pickBest(typing, meaning.count) : pointAt(typing, meaning.seat)
  } catch (error) {
    if (error instanceof TicketsError) return { ...typing, notice: error.message }
    throw error
  }
}

/** In a house with rows, a number means how many seats; without rows, it names a seat. */
function readTyped(text: string, layout: SeatLayout): { seat: number } | { count: number } {
  if (layout.seatsPerRow !== null && /^\d+$/.test(text)) return { count: Number(text) }
  const label = /^[A-Z]+$/.test(text) ? `${text}1` : text
  return { seat: parseSeats(label, layout)[0]! }
}
