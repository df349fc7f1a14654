import { createHash } from 'node:crypto'
import { quote } from '../../shared/quote.js'
import {
  checkOutline,
  hasNumber,
  MAX_SEATS,
  type OutlineFault,
  TOO_WIDE,
  WIDEST_AISLE,
} from './check-outline.js'
import { MOST_FAULTS, type PlanReading, readingOf } from './plan-reading.js'
import type { DrawnSeat, OutlineRow, OutlineSection, PlanOutline, Stage } from './seat-plan.js'
import { formatRun, runsOf } from './seat-runs.js'

/** In characters. */
const LONGEST_FILE = 2_000_000
/** A row has at most 9999 seats, with an aisle before each. */
const MOST_WORDS = 20_000
/** Each has a seat, and a plan has at most 100,000. */
const MOST_ROWS = 100_000

const PREFIXES: Record<string, DrawnSeat['kind']> = {
  '': 'standard',
  w: 'wheelchair',
  c: 'companion',
  r: 'restricted',
  x: 'not for sale',
}
const STAGES: readonly string[] = ['top', 'bottom', 'none'] satisfies Stage[]
const HOW_TO = 'Write seats such as 5, 1-20, w1 or 39-21 odd, and . for an aisle.'

/** A position in the file, each from 1. */
interface Position {
  line: number
  column: number
}

interface ReadRow extends OutlineRow {
  seats: DrawnSeat[]
  at: Position
  /** The column of each seat's word in the file. */
  columns: number[]
}

interface ReadSection extends OutlineSection {
  rows: ReadRow[]
  at: Position
}

const inOrderOfTheFile = (a: Position, b: Position) => a.line - b.line || a.column - b.column

/** A line such as `name: Globe`. */
interface Head {
  key: string
  value: string
  at: Position
  valueAt: Position
}

/** Seats as a word has them: `from`, `from + step`, …, `to`. */
interface ReadSeats {
  from: number
  to: number
  step: number
  kind: DrawnSeat['kind']
}

/** A word of a line, with its column. */
interface Word {
  text: string
  column: number
}

/** Reads the text of a plan; see docs/plans.md. Reports all faults, in the order of the file. */
export function readPlanText(text: string): PlanReading {
  const tooLong = checkLength(text)
  if (tooLong) return tooLong
  const reader = new PlanReader()
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  for (const [index, line] of lines.entries()) {
    reader.read(line, index + 1)
    if (reader.isHopeless) break
  }
  return reader.end()
}

function checkLength(text: string): PlanReading | undefined {
  if (text.length <= LONGEST_FILE) return undefined
  const length = text.length.toLocaleString('en-GB')
  const message = `The text of a plan has at most 2,000,000 characters; this one has ${length}: leave out comments, or join rows and sections.`
  return { outline: undefined, faults: [{ line: 1, column: 1, message }], notices: [] }
}

/**
 * What was read, unless the text that the plan would be stored as is too long to be read again: it
 * may be longer than the file.
 */
export function ifShort(reading: PlanReading): PlanReading {
  return (reading.outline && checkLength(writePlanText(reading.outline))) ?? reading
}

class PlanReader {
  readonly #faults: (Position & { message: string })[] = []
  readonly #sections: ReadSection[] = []
  readonly #heads = new Map<string, Position>()
  #rows = 0
  #seats = 0
  #name = ''
  #stage: Stage = 'top'

  read(line: string, number: number): void {
    const comment = line.indexOf('#')
    const content = (comment === -1 ? line : line.slice(0, comment)).trimEnd()
    const words = wordsOf(content)
    const [first] = words
    if (first === undefined) return
    const at = { line: number, column: first.column }
    if (words.length > MOST_WORDS) {
      const { column } = words.at(-1)!
      const message = 'This row is too long: write adjacent seats as one range, such as 1-20.'
      this.#fault({ line: number, column }, message)
      return
    }
    const damage = content.indexOf('\ufffd')
    if (damage !== -1) {
      const message = 'This character is not UTF-8: save the file as UTF-8.'
      this.#fault({ line: number, column: damage + 1 }, message)
      return
    }
    const [, before, key, value] = /^(\s*([\p{L}_-]+)\s*:\s*)(.*)$/su.exec(content) ?? []
    if (key !== undefined) {
      const column = value === '' ? first.column : before!.length + 1
      this.#head({ key, value: value!, at, valueAt: { line: number, column } })
      return
    }
    if (first.text.toLowerCase() === 'section') {
      const name = content.trim().slice(first.text.length).trim().replaceAll(/\s+/g, ' ')
      const position = words[1] === undefined ? at : { line: number, column: words[1].column }
      if (name === '') this.#fault(position, 'Write the name of the section: section Stalls.')
      this.#sections.push({ name, rows: [], at: position })
      return
    }
    this.#row(words, at)
  }

  /** Whether the file has so many faults that more of them would not help. */
  get isHopeless(): boolean {
    return this.#faults.length >= MOST_FAULTS || this.#rows > MOST_ROWS
  }

  end(): PlanReading {
    const outline: PlanOutline = { name: this.#name, stage: this.#stage, sections: this.#sections }
    const unread = this.#faults.filter(({ message }) => message !== TOO_WIDE)
    const faulty = new Set(unread.map(({ line }) => line))
    const seen = new Set<string>()
    for (const fault of checkOutline(outline)) {
      const position = this.#positionOf(fault)
      const isLeftOut = fault.section === undefined ? faulty.size > 0 : faulty.has(position.line)
      if (fault.needsAll && isLeftOut) continue
      // The seats of one word have a mistake in their numbers once, and one in their places.
      const mistake = `${position.line}:${position.column}:${fault.needsAll}`
      if (fault.seat !== undefined && seen.has(mistake)) continue
      seen.add(mistake)
      this.#fault(position, fault.message)
    }
    const faults = this.#faults.sort(inOrderOfTheFile)
    if (faults.length > 0) return readingOf({ outline: undefined, faults, notices: [] })
    const sections = this.#sections.map(({ name, rows }) => ({
      name,
      rows: rows.map(({ label, seats }) => ({ label, seats })),
    }))
    return ifShort({ outline: { ...outline, sections }, faults, notices: [] })
  }

  #positionOf({ isName, section, row, seat }: OutlineFault): Position {
    if (isName) return this.#heads.get('name')!
    if (section === undefined) return { line: 1, column: 1 }
    const { at, rows } = this.#sections[section]!
    if (row === undefined) return at
    return seat === undefined
      ? rows[row]!.at
      : { line: rows[row]!.at.line, column: rows[row]!.columns[seat]! }
  }

  #fault({ line, column }: Position, message: string): void {
    if (this.#faults.length < MOST_FAULTS) this.#faults.push({ line, column, message })
  }

  #head({ key, value, at, valueAt }: Head): void {
    const name = key.toLowerCase()
    const earlier = this.#heads.get(name)
    if (name !== 'name' && name !== 'stage') {
      this.#fault(
        at,
        `${quote(`${key}:`)} is not a known field: write name: or stage:, or section Stalls or A 1-20 without a colon.`,
      )
    } else if (this.#sections.length > 0) {
      this.#fault(at, `Write ${name}: above the first section and the first row.`)
    } else if (earlier !== undefined) {
      this.#fault(at, `${name}: is already on line ${earlier.line}: write it once.`)
    } else if (value === '') {
      this.#fault(at, `Write a value after ${name}:.`)
    } else if (name === 'name') {
      this.#name = value
    } else if (STAGES.includes(value.toLowerCase())) {
      this.#stage = value.toLowerCase() as Stage
    } else {
      this.#fault(
        valueAt,
        `${quote(value)} is not a position of the stage: write top, bottom or none.`,
      )
    }
    if (earlier === undefined) this.#heads.set(name, at)
  }

  #row([label, ...words]: Word[], at: Position): void {
    if (this.#sections.length === 0) this.#sections.push({ name: '', rows: [], at })
    const row: ReadRow = { label: label!.text, seats: [], at, columns: [] }
    let column = 0
    let aisle = 0
    for (let index = 0; index < words.length; index++) {
      const word = words[index]!
      const next = words[index + 1]
      const parity = next && /^(odd|even)$/i.test(next.text) ? next.text.toLowerCase() : undefined
      const read = readWord(word.text, parity)
      const position = { line: at.line, column: word.column }
      if (parity !== undefined) index += 1
      if (typeof read === 'number') {
        const isTooWide = aisle <= WIDEST_AISLE && aisle + read > WIDEST_AISLE
        if (isTooWide) this.#fault(position, TOO_WIDE)
        aisle += read
        continue
      }
      if (typeof read === 'string') this.#fault(position, read)
      else column = this.#place(read, row, column + Math.min(aisle, WIDEST_AISLE), word)
      aisle = 0
    }
    this.#sections.at(-1)!.rows.push(row)
    this.#rows += 1
  }

  /**
   * Adds the seats of a word to a row, from a column on. Of seats that a plan cannot have, it adds so
   * many that `checkOutline` finds them. Returns the column after them.
   */
  #place({ from, to, step, kind }: ReadSeats, row: ReadRow, start: number, word: Word): number {
    const wrong = [from, to].find((number) => !hasNumber({ number }))
    const length =
      wrong === undefined ? Math.min((to - from) / step + 1, MAX_SEATS + 1 - this.#seats) : 1
    if (wrong === undefined) this.#seats += length
    for (let index = 0; index < length; index++) {
      row.seats.push({ column: start + index, number: (wrong ?? from) + index * step, kind })
      row.columns.push(word.column)
    }
    return start + length
  }
}

/** The words of a line, but few more than it may have. */
function wordsOf(line: string): Word[] {
  const words: Word[] = []
  for (const { 0: text, index } of line.matchAll(/\S+/g)) {
    words.push({ text, column: index + 1 })
    if (words.length > MOST_WORDS) break
  }
  return words
}

/** Seats, or the width of an aisle; a sentence if the word is neither. */
function readWord(word: string, parity: string | undefined): ReadSeats | number | string {
  if (/^\.+$/.test(word)) {
    return parity === undefined ? word.length : `Write ${parity} after a range of seats.`
  }
  const [, prefix, first, second] = /^([a-z]?)(\d{1,9})(?:-(\d{1,9}))?$/i.exec(word) ?? []
  if (first === undefined) return `${quote(word)} is neither a seat nor an aisle. ${HOW_TO}`
  const kind = PREFIXES[prefix!.toLowerCase()]
  if (kind === undefined) {
    return `${quote(prefix!)} is not a kind of seat: write w (wheelchair), c (companion), r (restricted view) or x (not for sale).`
  }
  const [from, to] = [Number(first), Number(second ?? first)]
  if (parity === undefined) return { from, to, step: to < from ? -1 : 1, kind }
  if (second === undefined) return `Write ${parity} after a range of seats, such as 1-19 odd.`
  const rest = parity === 'odd' ? 1 : 0
  const wrong = [from, to].find((number) => number % 2 !== rest)
  if (wrong !== undefined) {
    return `${wrong} is not ${parity}: begin and end the range with ${parity} numbers.`
  }
  if (from === to) return { from, to, step: 1, kind }
  return { from, to, step: to < from ? -2 : 2, kind }
}

/** Writes a plan in its one spelling, so that the same plan is the same text. */
export function writePlanText({ name, stage, sections }: PlanOutline): string {
  const lines: string[] = []
  if (name !== '') lines.push(`name: ${name}`)
  if (stage !== 'top') lines.push(`stage: ${stage}`)
  for (const section of sections) {
    if (lines.length > 0) lines.push('')
    if (section.name !== '') lines.push(`section ${section.name}`)
    const width = section.rows.reduce((most, { label }) => Math.max(most, label.length), 0)
    for (const row of section.rows) {
      lines.push(`${row.label.padEnd(width)}  ${writeSeats(row.seats)}`)
    }
  }
  return `${lines.join('\n')}\n`
}

function writeSeats(seats: readonly DrawnSeat[]): string {
  const words: string[] = []
  let end = 0
  for (const run of runsOf(seats)) {
    const { column, kind } = run.first
    if (column > end) words.push('.'.repeat(column - end))
    const prefix = Object.keys(PREFIXES).find((letter) => PREFIXES[letter] === kind)!
    words.push(prefix + formatRun(run))
    end = run.last.column + 1
  }
  return words.join(' ')
}

/** The identity of a plan: the SHA-256 of its text, in hexadecimal. */
export function planId(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
