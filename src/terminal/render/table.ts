import Table from 'cli-table3'
import { safeText } from '../../shared/safe-text.js'
import { fitText, textWidth, wrapWords } from './fit-text.js'
import { type RenderStyle, type Tone, tint } from './style.js'

/** One column of a list, for people in tables and for programs in CSV and tab-separated text. */
export interface Column<Row> {
  /** The head of the column in a table. */
  title: string
  /** The head of the column in CSV; default: the title. */
  field?: string
  /** The text for people. It need not be safe: the list escapes it. */
  cell(row: Row): string
  /** The text for programs (a full time, a bare number); default: the cell. */
  value?(row: Row): string
  align?: 'left' | 'right'
  /** The cell's meaning, for colour. */
  tone?(row: Row): Tone | undefined
  /** On a narrow terminal, columns shrink in proportion to their weights; default: 0, never. */
  weight?: number
  /** The width below which a column with a weight does not shrink; default: 8. */
  minWidth?: number
  /** For programs only: left out of tables. */
  isData?: boolean
  /** Left out of a table if even the narrowest columns do not fit, the last one first. */
  optional?: boolean
}

const pageLength = 500
const gap = 2

/**
 * The rows as a table that fits the width, in pages of text; if the columns do not fit, a few lines
 * for each row instead. The widths come from the first page, and grow only if a later page needs
 * it.
 */
export async function* drawTable<Row>(
  style: RenderStyle,
  columns: Column<Row>[],
  rows: AsyncIterable<Row>,
  sectionOf?: (row: Row) => string | undefined,
): AsyncGenerator<string> {
  const natural = columns.map((column) => textWidth(column.title))
  let isFirst = true
  let section: string | undefined
  for await (const page of pagesOf(rows)) {
    const cells = page.map((row) => columns.map((column) => safeText(column.cell(row))))
    for (const row of cells) {
      row.forEach((cell, index) => {
        natural[index] = Math.max(natural[index]!, textWidth(cell))
      })
    }
    const widths = fitWidths(columns, natural, style.columns)
    for (let start = 0, end = 0; start < page.length; start = end) {
      const next = sectionOf?.(page[start]!)
      while (end < page.length && sectionOf?.(page[end]!) === next) end += 1
      const [part, partCells] = [page.slice(start, end), cells.slice(start, end)]
      const hasHead = isFirst && widths !== undefined
      const lines =
        widths === undefined
          ? drawStacked(style, columns, part, partCells)
          : drawPage(style, columns, widths, part, partCells, hasHead)
      const title = next === undefined || next === section ? [] : titleLines(next, isFirst, style)
      // The head of the table and its rule come before the title.
      lines.splice(hasHead ? 2 : 0, 0, ...title)
      yield lines.map((line) => `${line}\n`).join('')
      section = next
      isFirst = false
    }
  }
}

function titleLines(title: string, isFirst: boolean, style: RenderStyle): string[] {
  const line = tint(style, 'strong', fitText(title, style.columns, style))
  return isFirst ? [line] : ['', line]
}

/**
 * The width of every column without gaps, such that all fit into `total`; 0 for a column that is
 * left out. Columns with a weight shrink first, then optional ones are left out. Undefined if the
 * columns do not fit even so: half an id is useless.
 */
export function fitWidths(
  columns: Pick<Column<never>, 'weight' | 'minWidth' | 'optional'>[],
  natural: number[],
  total: number,
): number[] | undefined {
  const widths = [...natural]
  const least = columns.map(({ weight, minWidth }, index) =>
    weight ? Math.min(minWidth ?? 8, natural[index]!) : natural[index]!,
  )
  const optional = columns.flatMap((column, index) => (column.optional ? [index] : []))
  while (spanOf(least) > total && optional.length > 0) {
    const dropped = optional.pop()!
    widths[dropped] = 0
    least[dropped] = 0
  }
  if (spanOf(least) > total) return undefined
  const weights = columns.map(({ weight }) => weight ?? 0)
  shrink(widths, weights, least, total)
  return widths
}

// Shrinks by one at a time, always the column that is furthest above its share: this needs no
// rounding, and tables have few columns.
function shrink(widths: number[], weights: number[], least: number[], total: number): void {
  for (let span = spanOf(widths); span > total; span -= 1) {
    let widest = -1
    let most = 0
    widths.forEach((width, index) => {
      const claim = (width - least[index]!) * weights[index]!
      if (claim > most) [widest, most] = [index, claim]
    })
    if (widest === -1) return
    widths[widest]! -= 1
  }
}

function spanOf(widths: number[]): number {
  const shown = widths.filter((width) => width > 0)
  return shown.reduce((sum, width) => sum + width, 0) + gap * Math.max(0, shown.length - 1)
}

function drawPage<Row>(
  style: RenderStyle,
  columns: Column<Row>[],
  widths: number[],
  page: Row[],
  cells: string[][],
  hasHead: boolean,
): string[] {
  const shown = columns.flatMap((_, index) => (widths[index]! > 0 ? [index] : []))
  const standIns = new StandIns()
  const cut = (text: string, index: number) => standIns.put(fitText(text, widths[index]!, style))
  const head = shown.map((index) => tint(style, 'strong', cut(columns[index]!.title, index)))
  const table = new Table({
    chars: { ...noBorders, middle: ' '.repeat(gap), 'mid-mid': ' '.repeat(gap), mid: rule(style) },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    colWidths: shown.map((index) => widths[index]!),
    colAligns: shown.map((index) => columns[index]!.align ?? 'left'),
    head: hasHead ? head : [],
  })
  cells.forEach((row, line) => {
    const tone = (index: number) => columns[index]!.tone?.(page[line]!)
    table.push(shown.map((index) => tint(style, tone(index), cut(row[index]!, index))))
  })
  const lines = standIns.takeBack(table.toString()).split('\n')
  if (hasHead) lines[1] = tint(style, 'quiet', lines[1]!)
  return lines.map((line) => line.trimEnd())
}

/** Each row as its first cell, with the others and their titles indented below; no empty cells. */
function drawStacked<Row>(
  style: RenderStyle,
  columns: Column<Row>[],
  page: Row[],
  cells: string[][],
): string[] {
  return cells.flatMap((row, line) => {
    const texts = row.flatMap((cell, index) => {
      if (cell === '') return []
      const { title, tone } = columns[index]!
      const drawn = tint(style, tone?.(page[line]!), cell)
      return [index === 0 ? drawn : `${tint(style, 'quiet', title)} ${drawn}`]
    })
    return flow(texts, style.columns)
  })
}

/** The texts one after another in lines, every line but the first indented. */
function flow(texts: readonly string[], columns: number): string[] {
  const lines: string[] = []
  for (const text of texts) {
    const beside = `${lines.at(-1)}${' '.repeat(gap)}${text}`
    if (lines.length > 0 && textWidth(beside) <= columns) {
      lines[lines.length - 1] = beside
      continue
    }
    for (const line of wrapWords(text, columns - gap)) {
      lines.push(lines.length === 0 ? line : ' '.repeat(gap) + line)
    }
  }
  return lines
}

// One light rule under the head and no other lines.
const noBorders = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', left: '', 'left-mid': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ right: '', 'right-mid': '' },
}

function rule({ unicode }: RenderStyle): string {
  return unicode ? '─' : '-'
}

/**
 * Replaces texts beyond ASCII while cli-table3 pads the cells: it counts vowel signs and accents of
 * many scripts as columns, which would make the table ragged.
 */
class StandIns {
  readonly #texts: string[] = []

  put(text: string): string {
    if (/^[ -~]*$/.test(text)) return text
    const width = textWidth(text)
    if (width > 0) this.#texts.push(text)
    return '\ue000'.repeat(width)
  }

  takeBack(drawn: string): string {
    let next = 0
    return drawn.replace(/\ue000+/g, () => this.#texts[next++]!)
  }
}

async function* pagesOf<Row>(rows: AsyncIterable<Row>): AsyncGenerator<Row[]> {
  let page: Row[] = []
  for await (const row of rows) {
    page.push(row)
    if (page.length === pageLength) {
      yield page
      page = []
    }
  }
  if (page.length > 0) yield page
}
