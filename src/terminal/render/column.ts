import type { Tone } from './style.js'

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
