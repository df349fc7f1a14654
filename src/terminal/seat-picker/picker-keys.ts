import { TicketsError } from '../../shared/errors.js'
import {
  type SeatGrid,
  type SeatLine,
  seatGridFor,
  sectionsFromTop,
} from '../seat-map/seat-grid.js'
import { type Picking, pickBest, pointAt, toggleSeat, untyped } from './picker-state.js'
import { continuesLabel, firstFree, readTyped } from './typed-seat.js'

/** A key as readline reports it. */
export interface Key {
  name?: string
  /** The characters that the terminal sent. */
  sequence?: string
  ctrl?: boolean
  meta?: boolean
}

/** What the screen shows, for the keys that move over it. */
export interface Viewport {
  /** The whole house, only the section under the cursor, or the list of sections. */
  view: 'house' | 'section' | 'sections'
  grid: SeatGrid
  /** Lines of seats, or sections, on the screen. */
  page: number
}

/** Applies a key pressed at `now` (milliseconds). The prompt handles the keys that end it. */
export function pressKey(picking: Picking, key: Key, viewport: Viewport, now: number): Picking {
  // Readline reports Escape as a key with Alt.
  if (key.name !== 'escape' && (key.ctrl || key.meta)) return picking
  const answered = { ...picking, notice: undefined }
  const { text, at } = picking.typed
  if (key.name === 'escape' || (key.name === 'backspace' && text === '')) {
    return text === '' ? { ...answered, isOpen: false } : { ...answered, typed: untyped }
  }
  if (key.name === 'backspace') return retype(answered, text.slice(0, -1), now)
  const character = (key.sequence ?? '').toUpperCase()
  const isLate = now - at > PAUSE
  if (
    /^[A-Z0-9]$/.test(character) ||
    continuesLabel(isLate ? '' : text, character, answered.house)
  ) {
    return typeCharacter(answered, character, now)
  }
  const name = key.name ?? ''
  const command =
    (viewport.view === 'sections' ? listCommands[name] : undefined) ??
    commands[name] ??
    commands[character]
  return command ? command({ ...answered, isOpen: true, typed: untyped }, viewport) : picking
}

type Command = (picking: Picking, viewport: Viewport) => Picking

const commands: Record<string, Command> = {
  left: (picking, viewport) => moveSeats(picking, viewport, -1),
  right: (picking, viewport) => moveSeats(picking, viewport, 1),
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

/** The keys that mean something else in the list of sections. */
const listCommands: Record<string, Command> = {
  up: (picking) => moveSections(picking, -1),
  down: (picking) => moveSections(picking, 1),
  pageup: (picking, { page }) => moveSections(picking, -page),
  pagedown: (picking, { page }) => moveSections(picking, page),
  home: (picking) => moveSections(picking, -Infinity),
  end: (picking) => moveSections(picking, Infinity),
  // They open the section: its seats must be seen before one is picked.
  return: (picking) => picking,
  enter: (picking) => picking,
  space: (picking) => picking,
  right: (picking) => picking,
  left: (picking) => ({ ...picking, isOpen: false }),
}

function more(picking: Picking): Picking {
  return pickBest(picking, picking.picked.size + 1)
}

function fewer(picking: Picking): Picking {
  return pickBest(picking, Math.max(picking.picked.size - 1, 0))
}

/** Moves to the next seat on the line, or to the nearest end of the next line. */
function moveSeats(picking: Picking, { grid }: Viewport, by: 1 | -1): Picking {
  const { cells } = lineUnder(picking, { grid })
  const beside = by === 1 ? cells : cells.toReversed()
  const from = beside.findIndex(({ seat }) => seat === picking.cursor)
  const next = beside.slice(from + 1).find(({ seat }) => seat > 0)
  if (next) return pointAt(picking, next.seat)
  const found = lineBeyond(picking, grid, by)
  return found ? pointAt(picking, by === 1 ? found.line.first : found.line.last) : picking
}

/** Moves up or down to the seat that is drawn nearest to the same column. */
function moveLines(picking: Picking, { grid }: Viewport, by: number): Picking {
  const found = lineBeyond(picking, grid, by)
  if (!found) return picking
  const from = lineUnder(picking, { grid })
  const index = from.cells.findIndex(({ seat }) => seat === picking.cursor)
  const column = columnOf(grid, from, index)
  let nearest = found.line.first
  let distance = Infinity
  for (const [at, { seat }] of found.line.cells.entries()) {
    const away = Math.abs(columnOf(found.grid, found.line, at) - column)
    if (seat === 0 || away >= distance) continue
    nearest = seat
    distance = away
  }
  return pointAt(picking, nearest)
}

/** The distance of a cell from the middle of the house, in seats. */
function columnOf({ pitch, span }: SeatGrid, { shift }: SeatLine, index: number): number {
  return (shift + index * pitch - (span - 1) / 2) / pitch
}

/**
 * The line that is `by` lines from the cursor's, or the nearest to it that has seats; beyond the
 * end of a section that is shown alone, a line of the next section.
 */
function lineBeyond({ cursor, house }: Picking, grid: SeatGrid, by: number) {
  const from = grid.lineOf(cursor)
  const direction = Math.sign(by)
  const to = Math.min(Math.max(from + by, 0), grid.lineCount - 1)
  const line = lineWithSeats(grid, to, direction) ?? lineWithSeats(grid, to, -direction)
  if (line && line.first !== grid.lineAt(from).first) return { grid, line }
  if (grid.section === undefined) return undefined
  const order = sectionsFromTop(house)
  for (let next = order.indexOf(grid.section) + direction; order[next] !== undefined; ) {
    const beside = seatGridFor(house, grid.columns, order[next])
    const edge = direction === 1 ? 0 : beside.lineCount - 1
    const found = lineWithSeats(beside, edge, direction)
    if (found) return { grid: beside, line: found }
    next += direction
  }
  return undefined
}

function lineWithSeats(grid: SeatGrid, from: number, direction: number): SeatLine | undefined {
  for (let index = from; index >= 0 && index < grid.lineCount; index += direction) {
    const line = grid.lineAt(index)
    if (line.first > 0) return line
  }
  return undefined
}

function lineUnder({ cursor }: Picking, { grid }: Pick<Viewport, 'grid'>): SeatLine {
  return grid.lineAt(grid.lineOf(cursor))
}

/** Moves in the list of sections, past those without a seat for sale. */
function moveSections(picking: Picking, by: number): Picking {
  const { cursor, house, taken } = picking
  const sections = house.plan!.sections
  const order = sectionsFromTop(house).filter((section) => {
    const { first, last } = sections[section]!
    return first <= last
  })
  const from = order.findIndex(
    (section) => sections[section]!.last >= cursor && sections[section]!.first <= cursor,
  )
  const to = Math.min(Math.max(from + by, 0), order.length - 1)
  const seat = to === from ? cursor : firstFree(sections[order[to]!]!, taken)
  return { ...pointAt(picking, seat), isOpen: false }
}

/** A character typed this many milliseconds after the last one begins a new label or number. */
const PAUSE = 2000

function typeCharacter(picking: Picking, character: string, now: number): Picking {
  const { text, at } = picking.typed
  const isNew =
    now - at > PAUSE ||
    (/\d$/.test(text) && /[A-Z]/.test(character) && !continuesLabel(text, character, picking.house))
  const before = isNew || text === '' ? picking.picked : picking.typed.before
  return retype(
    { ...picking, typed: { ...picking.typed, before } },
    isNew ? character : text + character,
    now,
  )
}

/** Acts on the text at every character: `B` goes to the row, `B1` to the seat. */
function retype(picking: Picking, text: string, now: number): Picking {
  const typing = { ...picking, isOpen: true, typed: { ...picking.typed, text, at: now } }
  if (text === '') return { ...typing, typed: untyped }
  try {
    const meaning = readTyped(text, typing)
    if ('count' in meaning) return pickBest(typing, meaning.count)
    return pointAt(withPickedBefore(typing), meaning.seat)
  } catch (error) {
    if (error instanceof TicketsError) return { ...typing, notice: error.message }
    throw error
  }
}

/** `12` picks the best 12, until it turns out to begin the label `12/5`. */
function withPickedBefore(picking: Picking): Picking {
  const { before } = picking.typed
  if (before === undefined) return picking
  const picked = before.clone()
  picked.deleteAll(picking.taken)
  return { ...picking, picked }
}
