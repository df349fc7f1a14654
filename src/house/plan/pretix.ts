import { quote, shorten } from '../../shared/quote.js'
import { LONGEST_NAME, noRow, ROW_LABEL } from './check-outline.js'
import { kindNamed, MOST_FAULTS, type PlanFault, type PlanReading } from './plan-reading.js'
import { keyOf, type Position, type PositionedSeat, planOf } from './positioned-seats.js'
import {
  type DrawnSeat,
  type PlacedRow,
  type SeatPlan,
  type Stage,
  seatLabelIn,
} from './seat-plan.js'

/** The distance between neighbours in what this program writes; hardly any other plan has it. */
const PITCH = 32

/**
 * Reads a seating plan of pretix, parsed from JSON, as `seating-plan.schema.json` of pretix
 * describes it. Zones become sections, and a category with the name of a kind becomes that kind.
 * The faults have paths.
 */
export function readPretixPlan(document: unknown): PlanReading {
  return new Reader().read(document)
}

/**
 * A plan as a seating plan of pretix, for JSON. `readPretixPlan` reads the same plan from it: an
 * aisle is a gap between positions, and the stage is an area.
 */
export function pretixPlan(plan: SeatPlan): object {
  const depthOf = (row: PlacedRow, index: number) => (3 + index + 2 * row.section) * PITCH
  const end = depthOf(plan.rows.at(-1)!, plan.rows.length)
  const yOf = (depth: number) => (plan.stage === 'bottom' ? end - depth : depth)
  const yOfRow = (index: number) => yOf(depthOf(plan.rows[index]!, index))
  const width = plan.rows.reduce((most, row) => Math.max(most, row.width), 0) * PITCH
  const kinds = new Set(plan.rows.flatMap(({ seats }) => seats.map(({ kind }) => kind)))
  return {
    name: plan.name,
    categories: [...kinds].map((kind) => categories[kind]),
    size: { width: width + PITCH, height: end },
    zones: plan.sections.map(({ name, firstRow, lastRow }, index) => ({
      name,
      position: { x: PITCH, y: yOfRow(firstRow) },
      rows: plan.rows.slice(firstRow, lastRow + 1).map((row, inZone) => ({
        row_number: row.label,
        position: { x: 0, y: yOfRow(firstRow + inZone) - yOfRow(firstRow) },
        seats: row.seats.map(({ column, number, kind }) => ({
          seat_number: String(number),
          seat_guid: plan.labelIn(row, number),
          position: { x: column * PITCH, y: 0 },
          category: categories[kind].name,
        })),
      })),
      areas:
        index > 0 || plan.stage === 'none'
          ? []
          : [stageArea(width, yOf(PITCH) - yOfRow(firstRow) - PITCH / 2)],
    })),
  }
}

const categories: Record<DrawnSeat['kind'], { name: string; color: string }> = {
  standard: { name: 'standard', color: '#7f4a91' },
  restricted: { name: 'restricted view', color: '#b8860b' },
  wheelchair: { name: 'wheelchair', color: '#1565c0' },
  companion: { name: 'companion', color: '#64b5f6' },
  'not for sale': { name: 'not for sale', color: '#9e9e9e' },
}

const stageColors = { color: '#eeeeee', border_color: '#888888' }

function stageArea(width: number, y: number) {
  return {
    shape: 'rectangle',
    ...stageColors,
    position: { x: 0, y },
    rectangle: { width, height: PITCH },
    text: { text: 'Stage', position: { x: width / 2, y: PITCH / 2 } },
  }
}

/** A seat with its path in the file, for what is to be said of it. */
interface ReadSeat extends PositionedSeat {
  path: string
  guid: unknown
}

type Fields = Record<string, unknown>

class Reader {
  readonly #faults: PlanFault[] = []
  readonly #notices: string[] = []
  readonly #seats = new Map<string, ReadSeat>()
  /** How many seats have a number, also those that appear twice. */
  #numbered = 0
  /** The path of the zone or row that each section or row is made of, by its name without case. */
  readonly #parts = new Map<string, string>()
  /** The y of the middle of the stage. */
  #stage: number | undefined
  /** The x of all zones, as long as every seat stands where this program would write it. */
  #left: number | undefined
  #isOnGrid = true
  /** Notices that each stand for many places: how many there are, and where the first one is. */
  readonly #counted = new Map<string, { count: number; path: string }>()

  read(document: unknown): PlanReading {
    const plan = this.#object(document, '')
    if (plan) this.#readPlan(plan)
    const seats = [...this.#seats.values()]
    this.#compareGuids(seats)
    if (seats.length === 0 && this.#faults.length === 0) {
      this.#fault('zones', 'No seat has a number from 1 to 9999: give one to each seat.')
    }
    const isOnGrid = this.#isOnGrid && this.#left !== undefined
    // On the grid, it follows from the seats.
    if (plan && !isOnGrid) this.#countOthers({ size: plan.size }, [], 'the plan', '')
    return planOf({
      name: typeof plan?.name === 'string' ? plan.name : '',
      stage: this.#stageBeside(seats),
      grid: isOnGrid ? { pitch: PITCH, left: this.#left! } : undefined,
      seats: this.#seats,
      faults: this.#faults,
      notices: [...this.#notices, ...this.#countedNotices()],
      locationOf: ({ path }) => ({ path }),
      locationOfName: { path: 'name' },
    })
  }

  #readPlan(plan: Fields): void {
    this.#text(plan, 'name', '')
    this.#countOthers(plan, ['name', 'categories', 'zones', 'size'], 'the plan', '')
    for (const [category, path] of this.#objects(plan, 'categories', '', [])) {
      const kind = kindNamed(String(category.name))
      if (category.color === (kind && categories[kind].color)) category.color = undefined
      this.#countOthers(category, ['name'], 'categories', path)
    }
    const zones = this.#objects(plan, 'zones', '')
    for (const [zone, path] of zones) this.#readZone(zone, path, zones.length === 1)
  }

  #readZone(zone: Fields, path: string, isOnly: boolean): void {
    this.#countOthers(zone, ['name', 'position', 'rows', 'areas'], 'zones', path)
    const corner = this.#position(zone, path)
    this.#left ??= corner.x
    if (corner.x !== this.#left) this.#isOnGrid = false
    const section = this.#sectionOf(zone, path, isOnly)
    const before = this.#numbered
    for (const [row, rowPath] of this.#objects(zone, 'rows', path)) {
      this.#readRow(row, rowPath, { section, corner })
    }
    this.#join(section, path, before)
    for (const [area, areaPath] of this.#objects(zone, 'areas', path, [])) {
      this.#readArea(area, areaPath, corner)
    }
  }

  /** Names have no signs that separate seats on the command line. */
  #sectionOf(zone: Fields, path: string, isOnly: boolean): string {
    const given = zone.name === undefined ? '' : this.#text(zone, 'name', path)
    const kept = given
      .replaceAll(/\p{Default_Ignorable_Code_Point}+/gu, '')
      .replaceAll(/[^\p{L}\p{M}\p{N} '’.&()]+/gu, ' ')
      .replaceAll(/ +/g, ' ')
      .replace(/^[^\p{L}\p{N}]+/u, '')
    const name =
      kept
        .slice(0, LONGEST_NAME)
        .replace(/\p{Cs}/u, '')
        .trim() || (isOnly ? '' : `Zone ${this.#parts.size + 1}`)
    if (name !== given) {
      const what = name === '' ? 'no name' : `the name ${quote(name)}`
      this.#notices.push(`The section of ${path}, ${quote(given)}, gets ${what}.`)
    }
    return name
  }

  /** Zones of one name are one section, and rows of one name in it are one row. */
  #join(name: string, path: string, numberedBefore: number): void {
    const first = this.#parts.get(name.toLowerCase())
    if (this.#numbered === numberedBefore) {
      this.#notices.push(`${path} has no seats: it is left out.`)
    } else if (first === undefined) this.#parts.set(name.toLowerCase(), path)
    else this.#notices.push(`${path} is joined to ${first}, because it has the same name.`)
  }

  #readRow(
    row: Fields,
    path: string,
    { section, corner }: { section: string; corner: Position },
  ): void {
    this.#countOthers(row, ['row_number', 'position', 'seats'], 'rows', path)
    const label = this.#text(row, 'row_number', path).trim()
    const start = row.position === undefined ? { x: 0, y: 0 } : this.#position(row, path)
    if (!ROW_LABEL.test(label)) this.#fault(`${path}.row_number`, noRow(label))
    const before = this.#numbered
    for (const [seat, seatPath] of this.#objects(row, 'seats', path)) {
      this.#countOthers(
        seat,
        ['seat_guid', 'seat_number', 'position', 'category'],
        'seats',
        seatPath,
      )
      const text = this.#text(seat, 'seat_number', seatPath)
      const offset = this.#position(seat, seatPath)
      const kind = this.#kindOf(seat, seatPath)
      const number = this.#numberOf(text, label, seatPath)
      if ((start.x + offset.x) % PITCH !== 0 || offset.y !== 0) this.#isOnGrid = false
      if (number === undefined) continue
      this.#add({
        ...{ section, row: label, number, kind, path: seatPath, guid: seat.seat_guid },
        position: { x: corner.x + start.x + offset.x, y: corner.y + start.y + offset.y },
      })
    }
    this.#join(`${section}\n${label}`, path, before)
  }

  #add(seat: ReadSeat): void {
    this.#numbered += 1
    const key = keyOf(seat)
    const first = this.#seats.get(key)
    if (first === undefined) this.#seats.set(key, seat)
    else
      this.#fault(
        seat.path,
        `The row already has a seat ${seat.number}: ${first.path}. Give this one another number.`,
      )
  }

  /** Only a house with several sections has them in its labels. */
  #compareGuids(seats: readonly ReadSeat[]): void {
    const isOne = new Set(seats.map(({ section }) => section.toLowerCase())).size === 1
    for (const { section, row, number, guid, path } of seats) {
      if (guid === seatLabelIn(isOne ? '' : section, row, number)) continue
      this.#count('seat_guid of seats: replaced by the label of the seat', path)
    }
  }

  #kindOf(seat: Fields, path: string): DrawnSeat['kind'] {
    const category = this.#text(seat, 'category', path)
    const kind = kindNamed(category)
    if (kind === undefined) {
      this.#count(
        `category ${quote(category)} of seats: not a kind of seat, so they are standard`,
        path,
      )
    }
    return kind ?? 'standard'
  }

  /** '12', or 'C-12' in row C. */
  #numberOf(text: string, row: string, path: string): number | undefined {
    const isRepeated = text.toLowerCase().startsWith(row.toLowerCase())
    const rest = isRepeated ? text.slice(row.length).replace(/^[-/. ]/, '') : ''
    const found = [text, rest].map((one) => one.trim()).find((one) => /^0*[1-9]\d{0,3}$/.test(one))
    if (found === undefined) {
      this.#notices.push(`${path} is left out: ${quote(text)} is not a seat number from 1 to 9999.`)
      return undefined
    }
    if (String(Number(found)) !== text) {
      this.#count('seat_number of seats: only the number of it is kept', path)
    }
    return Number(found)
  }

  #readArea(area: Fields, path: string, corner: Position): void {
    const { text } = isObject(area.text) ? area.text : area
    const words = typeof text === 'string' ? text : ''
    if (this.#stage === undefined && /stage|screen|b(ü|ue)hne|leinwand|sc[eè]ne/i.test(words)) {
      const { y } = this.#position(area, path)
      const { height } = isObject(area.rectangle) ? area.rectangle : {}
      this.#stage = corner.y + y + (typeof height === 'number' ? height / 2 : 0)
      if (area.color === stageColors.color) return
      this.#notices.push(
        `${path}, ${quote(words)}, is the stage; its form and colours are not kept.`,
      )
      return
    }
    const name = words === '' ? '' : `, ${quote(words)},`
    this.#notices.push(`${path}${name} is an area, which is ignored.`)
  }

  #stageBeside(seats: readonly ReadSeat[]): Stage {
    if (this.#stage === undefined) return 'none'
    const middle = seats.reduce((sum, { position }) => sum + position!.y, 0) / seats.length
    return this.#stage <= middle ? 'top' : 'bottom'
  }

  #countOthers(object: Fields, known: readonly string[], of: string, path: string): void {
    for (const [key, value] of Object.entries(object)) {
      if (known.includes(key) || value === null || value === undefined) continue
      this.#count(`${shorten(key)} of ${of}: ignored`, path)
    }
  }

  #count(what: string, path: string): void {
    const counted = this.#counted.get(what)
    if (counted) counted.count += 1
    else this.#counted.set(what, { count: 1, path })
  }

  #countedNotices(): string[] {
    return Array.from(this.#counted, ([what, { count, path }]) => {
      const first = count === 1 ? '' : `${count.toLocaleString('en-GB')}, the first is `
      return path === '' ? `${what}.` : `${what} (${first}${path}).`
    })
  }

  #fault(path: string, message: string): void {
    if (this.#faults.length < MOST_FAULTS) this.#faults.push({ path, message })
  }

  #object(value: unknown, path: string): Fields | undefined {
    if (isObject(value)) return value
    this.#fault(
      path,
      `${path === '' ? 'The document' : path} is not an object: write one, in braces.`,
    )
    return undefined
  }

  /** The objects of a list, with their paths. */
  #objects(object: Fields, key: string, path: string, ifMissing?: []): [Fields, string][] {
    const listPath = below(path, key)
    const list = object[key] ?? ifMissing
    if (!Array.isArray(list)) {
      this.#fault(
        listPath,
        `${key} ${list === undefined ? 'is missing' : 'is not a list'}: write a list, in brackets.`,
      )
      return []
    }
    return list.flatMap((value, index) => {
      const itemPath = `${listPath}[${index}]`
      const item = this.#object(value, itemPath)
      return item ? [[item, itemPath] as [Fields, string]] : []
    })
  }

  #text(object: Fields, key: string, path: string): string {
    const value = object[key]
    if (typeof value === 'string') return value
    this.#fault(
      below(path, key),
      `${key} ${value === undefined ? 'is missing' : 'is not a string'}: write it in quotation marks.`,
    )
    return ''
  }

  #position(object: Fields, path: string): Position {
    const { x, y } = isObject(object.position) ? object.position : {}
    if (typeof x === 'number' && typeof y === 'number') return { x, y }
    this.#fault(below(path, 'position'), 'position has no numbers x and y: write both.')
    return { x: 0, y: 0 }
  }
}

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
