import type { Tone } from './style.js'

/** One column of a list, for people in tables and for programs in CSV and tab-separated text. */
export interface Column<Row> {
  /** The head over a table's column. */
  title: string
  /** The head of a CSV column; default: the title. */
  field?: string
  /** What people read. It need not be safe: the list sees to that. */
  cell(row: Row): string
  /** What programs read (a full time, a bare number); default: the cell. */
  value?(row: Row): string
  align?: 'left' | 'right'
  /** The cell's meaning, for colour. */
  tone?(row: Row): Tone | undefined
  /** A column with a weight gives way when the terminal is narrow, the heavier the more; default: 0. */
  weight?: number
  /** The columns below which a column with a weight does not shrink; default: 8. */
  minWidth?: number
  /** For programs only: in no table. */
  isData?: boolean
  /** Left out of a table when even the narrowest columns do not fit; the last goes first. */
  optional?: boolean
}
