import type { IBufferCell, Terminal } from '@xterm/headless'

/** Cells of a row next to each other that look the same. */
interface Run {
  column: number
  width: number
  text: string
  look: Look
}

interface Look {
  color: string
  background: string | undefined
  isBold: boolean
  isDim: boolean
  isItalic: boolean
  isUnderlined: boolean
}

const cellWidth = 8.4
const lineHeight = 19
const padding = 20
const titleBar = 34
const fonts = `ui-monospace, 'SF Mono', 'JetBrains Mono', Menlo, 'DejaVu Sans Mono', Consolas, monospace`
const style = '#14171f'
const ink = '#d9dee8'
const palette = [
  ...['#2a2f3b', '#f0717b', '#7fd88f', '#e8c268', '#6fa8f5', '#c792ea', '#5cc8d7', '#d9dee8'],
  ...['#6b7385', '#ff8f98', '#9be8a8', '#f5d78a', '#92c0ff', '#dcb0f7', '#83dfec', '#ffffff'],
]

/**
 * The current screen as an SVG: a dark rounded window that is readable on light and on dark pages.
 * Empty rows at the end are left out, and the cursor is not drawn.
 */
export function pictureOf({ xterm }: { xterm: Terminal }): string {
  const rows = rowsOf(xterm)
  const width = Math.ceil(xterm.cols * cellWidth + 2 * padding)
  const height = Math.ceil(titleBar + rows.length * lineHeight + padding)
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    ...windowFrame(width, height),
    `<g font-family="${fonts}" font-size="14" xml:space="preserve">`,
    ...rows.flatMap((runs, row) => runs.map((run) => drawRun(run, row))),
    '</g>',
    '</svg>',
  ].join('\n')}\n`
}

function windowFrame(width: number, height: number): string[] {
  const buttons = ['#f0717b', '#e8c268', '#7fd88f'].map(
    (color, index) =>
      `<circle cx="${padding + 6 + index * 18}" cy="18" r="5.5" fill="${color}" fill-opacity="0.85"/>`,
  )
  return [
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" fill="${style}" stroke="#3a4150"/>`,
    ...buttons,
  ]
}

function rowsOf(xterm: Terminal): Run[][] {
  const buffer = xterm.buffer.active
  const rows = Array.from({ length: xterm.rows }, (_, row) => runsOf(xterm, buffer.viewportY + row))
  while (rows.at(-1)?.length === 0) rows.pop()
  return rows
}

function runsOf(xterm: Terminal, row: number): Run[] {
  const line = xterm.buffer.active.getLine(row)
  const runs: Run[] = []
  for (let column = 0; line && column < xterm.cols; column++) {
    const cell = line.getCell(column)!
    if (cell.getWidth() === 0) continue
    addCell(runs, cell, column)
  }
  return runs.filter(({ text, look }) => text.trim() !== '' || look.background)
}

// Place each character beyond ASCII separately: if the font lacks it, another font with other
// widths supplies it, and the rest of the run would shift.
function addCell(runs: Run[], cell: IBufferCell, column: number): void {
  const text = cell.getChars() || ' '
  const look = lookOf(cell)
  const last = runs.at(-1)
  const joins =
    last &&
    (isAscii(last.text + text) || isRepeated(last.text, text)) &&
    JSON.stringify(last.look) === JSON.stringify(look)
  if (joins) {
    last.text += text
    last.width += 1
  } else {
    runs.push({ column, width: cell.getWidth(), text, look })
  }
}

// Draw a bar in one piece: between its cells, seams would show.
function isRepeated(texts: string, text: string): boolean {
  return '─█▓▒░'.includes(text) && texts.endsWith(text)
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text)
}

function lookOf(cell: IBufferCell): Look {
  const front = cell.isFgDefault() ? ink : colorOf(cell.getFgColor(), Boolean(cell.isFgRGB()))
  const back = cell.isBgDefault() ? undefined : colorOf(cell.getBgColor(), Boolean(cell.isBgRGB()))
  const isInverse = Boolean(cell.isInverse())
  return {
    color: isInverse ? (back ?? style) : front,
    background: isInverse ? front : back,
    isBold: Boolean(cell.isBold()),
    isDim: Boolean(cell.isDim()),
    isItalic: Boolean(cell.isItalic()),
    isUnderlined: Boolean(cell.isUnderline()),
  }
}

function colorOf(value: number, isRgb: boolean): string {
  if (isRgb) return `#${value.toString(16).padStart(6, '0')}`
  if (value < 16) return palette[value]!
  return value < 232 ? cubeColor(value - 16) : grey(8 + (value - 232) * 10)
}

function cubeColor(index: number): string {
  const levels = [0, 95, 135, 175, 215, 255]
  const parts = [Math.floor(index / 36), Math.floor(index / 6) % 6, index % 6]
  return `#${parts.map((part) => levels[part]!.toString(16).padStart(2, '0')).join('')}`
}

function grey(level: number): string {
  return `#${level.toString(16).padStart(2, '0').repeat(3)}`
}

function drawRun({ column, width, text, look }: Run, row: number): string {
  const x = padding + column * cellWidth
  const y = titleBar + row * lineHeight
  const behind = look.background
    ? `<rect x="${round(x)}" y="${y}" width="${round(width * cellWidth)}" height="${lineHeight}" fill="${look.background}"/>`
    : ''
  const line = barOf(text, x, y, width, look) ?? boxLine(text, x, y, width, look)
  return behind + (line ?? drawText(text, x, y, width, look))
}

function drawText(text: string, x: number, y: number, width: number, look: Look): string {
  const shown = text.trimEnd()
  if (shown === '') return ''
  const start = shown.length - shown.trimStart().length
  const length = isAscii(shown) ? (shown.length - start) * cellWidth : undefined
  const attributes = [
    `x="${round(isAscii(shown) ? x + start * cellWidth : x + (width * cellWidth) / 2)}"`,
    `y="${y + 14}"`,
    `fill="${look.color}"`,
    ...(length ? [`textLength="${round(length)}"`] : ['text-anchor="middle"']),
    ...(look.isBold ? ['font-weight="700"'] : []),
    ...(look.isItalic ? ['font-style="italic"'] : []),
    ...(look.isUnderlined ? ['text-decoration="underline"'] : []),
    ...(look.isDim ? ['fill-opacity="0.6"'] : []),
  ]
  return `<text ${attributes.join(' ')}>${escapeXml(shown.trimStart())}</text>`
}

function barOf(text: string, x: number, y: number, width: number, look: Look) {
  const shade = { '█': 1, '▓': 0.75, '▒': 0.5, '░': 0.25 }[text.charAt(0)]
  const eighths = '▏▎▍▌▋▊▉'.indexOf(text.charAt(0)) + 1
  if (shade === undefined && eighths === 0) return undefined
  const opacity = (shade ?? 1) * (look.isDim ? 0.6 : 1)
  const part = eighths > 0 ? eighths / 8 : width
  const box = `x="${round(x)}" y="${y}" width="${round(part * cellWidth)}" height="${lineHeight}"`
  return `<rect ${box} fill="${look.color}" fill-opacity="${opacity}"/>`
}

// Draw lines and blocks as shapes: in most fonts, their characters leave gaps between cells.
function boxLine(text: string, x: number, y: number, width: number, look: Look) {
  const stroke = `stroke="${look.color}" fill="none" stroke-width="1.2"${look.isDim ? ' stroke-opacity="0.6"' : ''}`
  const middle = y + lineHeight / 2
  const center = x + cellWidth / 2
  const right = x + width * cellWidth
  const paths: Record<string, string> = {
    '─': `M${round(x)} ${middle}H${round(right)}`,
    '│': `M${round(center)} ${y}V${y + lineHeight}`,
    '╭': `M${round(right)} ${middle}Q${round(center)} ${middle} ${round(center)} ${y + lineHeight}`,
    '╮': `M${round(x)} ${middle}Q${round(center)} ${middle} ${round(center)} ${y + lineHeight}`,
    '╰': `M${round(right)} ${middle}Q${round(center)} ${middle} ${round(center)} ${y}`,
    '╯': `M${round(x)} ${middle}Q${round(center)} ${middle} ${round(center)} ${y}`,
  }
  const path = paths[text.charAt(0)]
  return path && `<path d="${path}" ${stroke}/>`
}

function round(number: number): number {
  return Math.round(number * 10) / 10
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
