import { quote } from '../../shared/quote.js'
import { checkOutline } from './check-outline.js'
import { type PlanFault, type PlanReading, readingOf } from './plan-reading.js'
import { ifShort } from './plan-text.js'
import type { DrawnSeat, OutlineSection, Stage } from './seat-plan.js'

/** A seat as another program's file has it: its position on paper, if the file says it. */
export interface PositionedSeat extends Pick<DrawnSeat, 'number' | 'kind'> {
  section: string
  row: string
  position: Position | undefined
}

/** In any unit: x to the right, y downwards. */
export interface Position {
  x: number
  y: number
}

/** What was read from a file; `locationOf` is where a seat is in it. */
export interface ReadSeats<Seat extends PositionedSeat> {
  name: string
  stage: Stage
  /** The grid on which the seats are, if the file is known to keep to one. */
  grid: Grid | undefined
  /** By their keys, and so each once. */
  seats: ReadonlyMap<string, Seat>
  faults: readonly PlanFault[]
  notices: readonly string[]
  locationOf(seat: Seat): Omit<PlanFault, 'message'>
  locationOfName: Omit<PlanFault, 'message'>
}

export interface Grid {
  /** The distance between neighbours without an aisle. */
  pitch: number
  /** The x of the first column of each row. */
  left: number
}

interface Row {
  label: string
  seats: PositionedSeat[]
}

/** A row from left to right. */
interface DrawnRow extends Row {
  /** Between neighbours, if they have positions. */
  distances: readonly number[]
}

/** A gap of this many times the usual distance between neighbours is an aisle. */
const AISLE = 1.5
/** With fewer distances in a row, their median may be that of an aisle. */
const FEWEST_DISTANCES = 2

/** The same for the same seat: sections and rows are compared without case. */
export function keyOf({ section, row, number }: Omit<PositionedSeat, 'kind' | 'position'>): string {
  return `${section}\n${row}\n${number}`.toLowerCase()
}

/**
 * The plan that seats make up. Sections are in the order of their first seats. If the seats have
 * positions, rows begin at the stage, seats are in order from left to right, and a gap is an aisle;
 * elsewhere the order is the file's.
 */
export function planOf<Seat extends PositionedSeat>(read: ReadSeats<Seat>): PlanReading {
  const { stage, seats, faults, notices, locationOf } = read
  // The text of a plan has neither line breaks nor what would begin a comment in its name.
  const name = read.name.replaceAll(/[\p{Cc}#]+/gu, ' ').trim()
  if (faults.length > 0) {
    // Rows without all of their seats would seem to have mistakes that they have not.
    const wrong = checkOutline({ name, stage, sections: [] })
      .filter(({ isName }) => isName)
      .map(({ message }) => ({ ...read.locationOfName, message }))
    return readingOf({ outline: undefined, faults: [...faults, ...wrong], notices })
  }
  const { sections, notices: undrawn } = sectionsOf([...seats.values()], read)
  const outline = { name, stage, sections }
  const wrong = checkOutline(outline).map(({ isName, section = 0, row = 0, seat = 0, message }) => {
    if (isName) return { ...read.locationOfName, message }
    const { name: sectionName, rows } = sections[section]!
    const { label, seats: drawn } = rows[row]!
    const key = keyOf({ section: sectionName, row: label, number: drawn[seat]!.number })
    return { ...locationOf(seats.get(key)!), message }
  })
  const renamed = name === read.name ? [] : [`The plan is called ${quote(name)}.`]
  return ifShort(
    readingOf({ outline, faults: wrong, notices: [...renamed, ...notices, ...undrawn] }),
  )
}

function sectionsOf(
  seats: readonly PositionedSeat[],
  { stage, grid }: Pick<ReadSeats<PositionedSeat>, 'stage' | 'grid'>,
): { sections: OutlineSection[]; notices: string[] } {
  const drawn = grouped(seats).map(({ name, rows }) => ({ name, rows: rows.map(inOrder) }))
  const usual = median(drawn.flatMap(({ rows }) => rows.flatMap(({ distances }) => distances)))
  const sections = drawn.map(({ name, rows }) => {
    const left = grid?.left ?? extent(rows, leftOf).low
    return {
      name,
      rows: fromTheStage(rows, stage).map((row) => {
        const pitch = grid?.pitch ?? pitchOf(row, usual)
        return { label: row.label, seats: inColumns(row, pitch, left) }
      }),
    }
  })
  return { sections, notices: notesOn(drawn, usual) }
}

function grouped(seats: readonly PositionedSeat[]) {
  const sections = new Map<string, { name: string; rows: Map<string, Row> }>()
  for (const seat of seats) {
    const section = getOrSet(sections, seat.section.toLowerCase(), () => ({
      name: seat.section,
      rows: new Map<string, Row>(),
    }))
    const row = getOrSet(section.rows, seat.row.toLowerCase(), () => ({
      label: seat.row,
      seats: [],
    }))
    row.seats.push(seat)
  }
  return [...sections.values()].map(({ name, rows }) => ({ name, rows: [...rows.values()] }))
}

function getOrSet<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const found = map.get(key) ?? make()
  map.set(key, found)
  return found
}

/** A row from left to right; one that runs along the house, such as a box at its side, from top to bottom. */
function inOrder({ label, seats }: Row): DrawnRow {
  const axis = runsAlong(seats) ? 'y' : 'x'
  const other = axis === 'x' ? 'y' : 'x'
  const compare = (a: PositionedSeat, b: PositionedSeat) =>
    a.position && b.position
      ? a.position[axis] - b.position[axis] || a.position[other] - b.position[other]
      : 0
  const sorted = seats.toSorted(compare)
  return { label, seats: sorted, distances: distancesOf(sorted) }
}

function runsAlong(seats: readonly PositionedSeat[]): boolean {
  return spread(seats, 'y') > spread(seats, 'x')
}

function spread(seats: readonly PositionedSeat[], axis: 'x' | 'y'): number {
  const { low, high } = extent(seats, ({ position }) => position?.[axis] ?? 0)
  return high - low
}

/** Not by Math.min(...values), which fails for too many arguments. */
function extent<Item>(
  items: readonly Item[],
  numberOf: (item: Item) => number,
): { low: number; high: number } {
  let [low, high] = [Infinity, -Infinity]
  for (const item of items) {
    const value = numberOf(item)
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return { low, high }
}

/** The first row is the nearest to the stage. */
function fromTheStage(rows: readonly DrawnRow[], stage: Stage): readonly DrawnRow[] {
  const sign = stage === 'bottom' ? -1 : 1
  const placed = rows.map((row) => ({ row, depth: sign * depthOf(row) }))
  return placed.toSorted((a, b) => a.depth - b.depth).map(({ row }) => row)
}

/** The mean, because a curved row is not a straight line. */
function depthOf({ seats }: Row): number {
  return seats.reduce((sum, { position }) => sum + (position?.y ?? 0), 0) / seats.length
}

function leftOf({ seats }: Row): number {
  return seats[0]?.position?.x ?? 0
}

/** Between neighbours; as the crow flies, because the seats of a curved row are closer in x. */
function distancesOf(seats: readonly PositionedSeat[]): number[] {
  return seats.slice(1).flatMap(({ position: to }, index) => {
    const from = seats[index]!.position
    return from && to ? [Math.hypot(to.x - from.x, to.y - from.y)] : []
  })
}

function pitchOf({ distances }: DrawnRow, usual: number): number {
  return distances.length < FEWEST_DISTANCES ? usual : median(distances)
}

/** Of the distances that are not 0; the lower one of two; 0 for none. */
function median(distances: readonly number[]): number {
  const sorted = distances.filter((distance) => distance > 0).sort((a, b) => a - b)
  return sorted[(sorted.length - 1) >> 1] ?? 0
}

function inColumns(row: DrawnRow, pitch: number, left: number): DrawnSeat[] {
  const columns = (distance: number) => (pitch > 0 ? Math.round(distance / pitch) : 0)
  // Every other row of a house is often set off by half a seat.
  let column = Math.max(0, columns(leftOf(row) - left - pitch / 4))
  return row.seats.map(({ number, kind }, index) => {
    const distance = row.distances[index - 1] ?? 0
    if (distance > AISLE * pitch) column += columns(distance) - 1
    return { column: column++, number, kind }
  })
}

interface DrawnSection {
  name: string
  rows: readonly Row[]
}

function notesOn(sections: readonly DrawnSection[], usual: number): string[] {
  const notices: string[] = []
  const note = (labels: readonly string[], what: string) => {
    if (labels.length > 0) notices.push(`${listed(labels)}: ${what}`)
  }
  for (const { name, rows } of sections) {
    const rowsWhere = (found: readonly Row[]) =>
      found.map(({ label }) => (name === '' ? `row ${label}` : `row ${label} of ${name}`))
    const along = rows.filter(({ seats }) => runsAlong(seats))
    const bent = rows.filter(({ seats }) => !runsAlong(seats) && spread(seats, 'y') > usual / 2)
    note(rowsWhere(bent), 'drawn straight, because a plan has no curved or slanted rows.')
    note(rowsWhere(along), 'drawn across the house, although it runs along it.')
    note(rowsWhere(behindAisles(rows)), 'the aisle across the house before it is ignored.')
  }
  const depths = sections.map(({ rows }) => extent(rows, depthOf))
  // Without y, all seats seem to be equally far from the stage.
  const isFlat = depths.every(({ low, high }) => low === high && low === depths[0]!.low)
  const beside = sections.filter((_, index) => {
    const [before, own] = [depths[index - 1], depths[index]!]
    return !isFlat && before !== undefined && own.low <= before.high && before.low <= own.high
  })
  note(
    beside.map(({ name }) => name),
    'drawn below the section before it, although it stands beside it.',
  )
  return notices
}

function behindAisles(rows: readonly Row[]): readonly Row[] {
  const depths = rows.map((row) => ({ row, depth: depthOf(row) })).sort((a, b) => a.depth - b.depth)
  const gapBefore = (index: number) =>
    index === 0 ? 0 : depths[index]!.depth - depths[index - 1]!.depth
  const usual = median(depths.map((_, index) => gapBefore(index)))
  return depths.filter((_, index) => gapBefore(index) > AISLE * usual).map(({ row }) => row)
}

/** 'A, B, C and 9 more'. */
export function listed(names: readonly string[]): string {
  const few = names.slice(0, 5)
  return few.length === names.length
    ? few.join(', ')
    : `${few.join(', ')} and ${names.length - few.length} more`
}
