import { isMet, type Measurement, type Target } from './result.js'

const HEADINGS = ['what', 'measured', 'against', 'ratio', 'peak', 'goal']

/** The figures as a Markdown table that also reads well as plain text, without empty columns. */
export function formatTable(measurements: readonly Measurement[]): string {
  const rows = measurements.map(cellsOf)
  const used = HEADINGS.map((_, column) => rows.some((row) => row[column] !== ''))
  const onlyUsed = (cells: string[]) => cells.filter((_, column) => used[column])
  return formatRows(onlyUsed(HEADINGS), rows.map(onlyUsed))
}

/** Rows of as many cells as there are headings. */
export function formatRows(headings: readonly string[], cells: readonly string[][]): string {
  const rows = [headings, ...cells]
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const lines = rows.map((row) => line(row.map((cell, column) => cell.padEnd(widths[column]!))))
  lines.splice(1, 0, line(widths.map((width) => '-'.repeat(width))))
  return lines.join('\n')
}

/** '2.0×', '22,140', '0.84': three significant digits. */
export function formatNumber(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en-GB', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}

function cellsOf(measurement: Measurement): string[] {
  const { what, value, unit, against, peakMb, targets = [] } = measurement
  return [
    what,
    `${formatNumber(value)} ${unit}`,
    against ? `${against.what}: ${formatNumber(against.value)}` : '',
    against ? `${against.ratio.toFixed(2)}×` : '',
    peakMb === undefined ? '' : `${Math.round(peakMb)} MB`,
    targets.map((target) => verdict(measurement, target)).join('; '),
  ]
}

function verdict(measurement: Measurement, target: Target): string {
  const suffix = { ratio: '×', value: ` ${measurement.unit}`, peakMb: ' MB' }[target.of]
  const bound =
    target.atMost === undefined
      ? `≥ ${target.atLeast!.toLocaleString('en-GB')}`
      : `≤ ${target.atMost.toLocaleString('en-GB')}`
  return `${bound}${suffix} ${isMet(measurement, target) ? 'met' : '**MISSED**'}`
}

function line(cells: string[]): string {
  return `| ${cells.join(' | ')} |`
}
