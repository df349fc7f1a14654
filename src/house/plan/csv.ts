import { stringify } from 'csv-stringify/sync'
import { CsvReader, type CsvRecord, namedSeparator, separatorOf } from '../../shared/csv-records.js'
import { TicketsError } from '../../shared/errors.js'
import { quote, shorten } from '../../shared/quote.js'
import { safeCell, textOfCell } from '../../shared/safe-text.js'
import { noRow, noSection, ROW_LABEL, SECTION_NAME } from './check-outline.js'
import { kindNamed, MOST_FAULTS, type PlanFault, type PlanReading } from './plan-reading.js'
import { keyOf, type PositionedSeat, planOf } from './positioned-seats.js'
import type { SeatPlan, Stage } from './seat-plan.js'

/**
 * The columns of a plan in CSV: a line for each seat. x and y are its position on paper, in any
 * unit; `pitch`, in the first line, says how far apart neighbours in a row are; `name` and
 * `stage`, there too, are the plan's.
 */
const COLUMNS = ['section', 'row', 'seat', 'x', 'y', 'kind', 'name', 'stage', 'pitch'] as const
type Column = (typeof COLUMNS)[number]

/**
 * Reads a plan from CSV, with any separator that spreadsheets use. The faults have lines and columns.
 */
export function readCsvPlan(text: string): PlanReading {
  const reader = new Reader()
  for (const record of recordsOf(text)) {
    reader.read(record)
    if (reader.isHopeless) break
  }
  return reader.end()
}

/** A plan in CSV, with positions counted in seats. `readCsvPlan` reads the same plan from it. */
export function csvPlan(plan: SeatPlan): string {
  const lines = plan.rows.flatMap((row, index) => {
    const y = plan.stage === 'bottom' ? plan.rows.length - index : index + 1
    const section = plan.sections[row.section]!.name
    return row.seats.map(({ column, number, kind }) => [
      ...[section, row.label, number, column + 1, y, kind, '', '', ''],
    ])
  })
  lines[0]!.splice(6, 3, safeCell(plan.name), plan.stage, 1)
  return stringify([COLUMNS, ...lines])
}

function* recordsOf(text: string): Generator<CsvRecord> {
  let reader: CsvReader | undefined
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    if (reader === undefined) {
      if (line.trim() === '' || namedSeparator(line) !== undefined) {
        reader = namedSeparator(line) && new CsvReader(namedSeparator(line)!)
        continue
      }
      reader = new CsvReader(separatorOf(line, ','))
    }
    yield* reader.push({ number: index + 1, end: 0, text: line })
  }
  yield* reader?.end() ?? []
}

/** A seat with the line of the file that it is on. */
interface ReadSeat extends PositionedSeat {
  line: number
}

type Cells = Partial<Record<Column, string>>

class Reader {
  readonly #faults: PlanFault[] = []
  readonly #notices: string[] = []
  readonly #seats = new Map<string, ReadSeat>()
  /** As each section and row is spelled, by its name without case. */
  readonly #spellings = new Map<string, Set<string>>()
  #columns: readonly string[] | undefined
  #hasColumns = true
  /** The values that are the plan's, and that of the first seat's position, with their lines. */
  readonly #given = new Map<Column, { text: string; line: number }>()

  read({ line, fields }: CsvRecord): void {
    if (fields instanceof TicketsError) {
      this.#faults.push({ line, message: fields.message })
    } else if (this.#columns === undefined) {
      this.#columns = this.#columnsOf(fields, line)
    } else if (this.#hasColumns && fields.some((field) => field !== '')) {
      this.#readSeat(this.#cellsOf(fields, line), line)
    }
  }

  /** Whether the file has so many faults that more of them would not help. */
  get isHopeless(): boolean {
    return this.#faults.length >= MOST_FAULTS
  }

  end(): PlanReading {
    if (this.#columns === undefined) {
      this.#fault(
        1,
        undefined,
        `The file is empty. Begin with a line of columns: ${COLUMNS.join(',')}.`,
      )
    } else if (this.#seats.size === 0 && this.#faults.length === 0) {
      this.#fault(2, undefined, 'The file has no seats. Write one line for each seat.')
    }
    const seats = [...this.#seats.values()]
    const given = (column: Column) => this.#given.get(column)?.text
    const pitch = given('pitch') === undefined ? undefined : numberOf(given('pitch')!)
    const left = seats.reduce((low, { position }) => Math.min(low, position?.x ?? low), pitch ?? 0)
    return planOf({
      name: textOfCell(given('name') ?? ''),
      stage: (given('stage') ?? 'top') as Stage,
      grid: pitch === undefined ? undefined : { pitch, left },
      seats: this.#seats,
      faults: this.#faults,
      notices: this.#notices,
      locationOf: ({ line }) => ({ line }),
      locationOfName: { line: this.#given.get('name')?.line ?? 1, column: 'name' },
    })
  }

  #columnsOf(fields: readonly string[], line: number): readonly string[] {
    const names = fields.map((field) => field.toLowerCase())
    const seen = new Set([''])
    for (const name of names) {
      if (seen.has(name)) {
        if (name !== '')
          this.#fault(line, shorten(name), 'This column appears twice: keep one of the two.')
        continue
      }
      seen.add(name)
      if (!isColumn(name)) this.#notices.push(`Column ${quote(name)} is ignored.`)
    }
    for (const name of ['row', 'seat'].filter((one) => !names.includes(one))) {
      this.#hasColumns = false
      const message = `The column is missing, so the lines were not checked. Add it: the columns are ${COLUMNS.join(', ')}.`
      this.#fault(line, name, message)
    }
    if (names.includes('y') && !names.includes('x')) {
      this.#notices.push('Column "y" is ignored, because there is no column x.')
    }
    return names
  }

  #cellsOf(fields: readonly string[], line: number): Cells {
    const cells: Cells = {}
    for (const [index, field] of fields.entries()) {
      const column = this.#columns![index] ?? ''
      if (isColumn(column)) cells[column] = field.trim()
      else if (column === '' && field !== '') {
        this.#fault(
          line,
          index + 1,
          `${quote(field)} is in a column without a name: give it one in the first line.`,
        )
      }
    }
    for (const column of ['name', 'stage', 'pitch'] as const) this.#readGiven(column, cells, line)
    return cells
  }

  /** Takes a value that is the whole plan's. */
  #readGiven(column: Column, cells: Cells, line: number): void {
    const text = cells[column]
    if (!text) return
    const first = this.#given.get(column)
    if (first && first.text !== text) {
      this.#fault(
        line,
        column,
        `Line ${first.line} has ${quote(first.text)} here. Give one value for the whole plan.`,
      )
    } else if (column === 'stage' && !['top', 'bottom', 'none'].includes(text)) {
      this.#fault(
        line,
        column,
        `${quote(text)} is not a position of the stage. Write top, bottom or none.`,
      )
    } else if (column === 'pitch' && !(numberOf(text) > 0)) {
      this.#fault(line, column, `${quote(text)} is not a distance. Write a number above 0.`)
    }
    this.#given.set(column, first ?? { text, line })
  }

  #readSeat(cells: Cells, line: number): void {
    const { row = '', seat = '' } = cells
    // As in the text of a plan.
    const section = (cells.section ?? '').replaceAll(/\s+/g, ' ')
    const kind = kindNamed(cells.kind ?? '')
    if (section !== '' && !SECTION_NAME.test(section)) {
      this.#fault(line, 'section', noSection(section))
    }
    if (!ROW_LABEL.test(row)) this.#fault(line, 'row', noRow(row))
    if (!/^0*[1-9]\d{0,3}$/.test(seat)) {
      this.#fault(
        line,
        'seat',
        `${quote(seat)} is not a seat number. Write a number from 1 to 9999.`,
      )
    }
    if (kind === undefined) {
      this.#fault(
        line,
        'kind',
        `${quote(cells.kind!)} is not a kind of seat. Write standard, restricted, wheelchair, companion or not for sale.`,
      )
    }
    const position = this.#positionOf(cells, line)
    if (!(Number(seat) > 0)) return
    const key = keyOf({ section, row, number: Number(seat) })
    this.#join('section', section, '', line)
    this.#join('row', row, section, line)
    const first = this.#seats.get(key)
    if (first) {
      this.#fault(
        line,
        'seat',
        `Row ${shorten(row)} already has a seat ${shorten(seat)}: line ${first.line}. Give this one another number.`,
      )
    } else {
      this.#seats.set(key, {
        section,
        row,
        number: Number(seat),
        kind: kind ?? 'standard',
        position,
        line,
      })
    }
  }

  /** Sections and rows are compared without case. */
  #join(what: 'section' | 'row', name: string, within: string, line: number): void {
    const key = `${what}\n${within}\n${name}`.toLowerCase()
    const spellings = this.#spellings.get(key) ?? new Set()
    const [first = name] = spellings
    if (name !== first && !spellings.has(name)) {
      this.#notices.push(
        `Line ${line}: ${what} ${quote(name)} is joined to ${quote(first)}, because only the case differs.`,
      )
    }
    this.#spellings.set(key, spellings.add(name))
  }

  /** Positions of some seats only would leave the others nowhere. */
  #positionOf(cells: Cells, line: number): PositionedSeat['position'] {
    for (const column of ['x', 'y'] as const) {
      const text = cells[column] ?? ''
      const first = this.#given.get(column)
      if (text !== '' && Number.isNaN(numberOf(text))) {
        this.#fault(line, column, `${quote(text)} is not a number: write one such as 2.5.`)
      } else if (first && (first.text === '') !== (text === '')) {
        const [here, there] = text === '' ? ['none', 'one'] : ['one', 'none']
        this.#fault(
          line,
          column,
          `This line has ${here} and line ${first.line} has ${there}: give column ${column} for every seat or for none.`,
        )
      }
      this.#given.set(column, first ?? { text, line })
    }
    return cells.x ? { x: numberOf(cells.x), y: cells.y ? numberOf(cells.y) : 0 } : undefined
  }

  #fault(line: number, column: PlanFault['column'], message: string): void {
    if (this.isHopeless) return
    this.#faults.push({ line, ...(column !== undefined && { column }), message })
  }
}

function isColumn(name: string): name is Column {
  return (COLUMNS as readonly string[]).includes(name)
}

/** NaN for no number. Takes a decimal comma, as many spreadsheets write it. */
function numberOf(text: string): number {
  return /^[+-]?\d{1,12}([.,]\d{1,12})?$/.test(text) ? Number(text.replace(',', '.')) : Number.NaN
}
