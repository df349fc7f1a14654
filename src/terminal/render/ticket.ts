import { encode } from 'uqr'
import { safeText } from '../../shared/safe-text.js'
import type { Output } from '../io.js'
import { drawFields, drawTitle } from './fields.js'
import { wrapWords } from './fit-text.js'
import { blackOnWhite, type RenderStyle, tint } from './style.js'

/** What a ticket shows. */
export interface TicketFacts {
  show: string
  when: string
  seats: string
  /** Those of the seats that have a restricted view; undefined if none has. */
  restrictedView?: string | undefined
  customer: string | null
  /** Also the text of the QR code. */
  reference: string
  isCancelled: boolean
}

/**
 * The ticket as text, with its reference as a QR code if that fits. Ends with a newline. On a
 * `darkGround` without colours, the light modules of the code are drawn instead of the dark ones.
 */
export function renderTicket(ticket: TicketFacts, style: RenderStyle, darkGround = false): string {
  const code = qrLines(ticket.reference, style, darkGround && !style.color)
  const hasRoom = code.width + 2 <= style.columns
  return [
    ...drawTitle(style, safeText(ticket.show)),
    safeText(ticket.when),
    ...(ticket.isCancelled ? [tint(style, 'bad', 'The show is cancelled.')] : []),
    '',
    ...drawFields(style, [
      ['Seats', ticket.seats],
      ['Restricted view', ticket.restrictedView ?? null],
      ['Name', ticket.customer && safeText(ticket.customer)],
      ['Reference', tint(style, 'strong', ticket.reference)],
    ]),
    '',
    ...(hasRoom ? code.lines.map((line) => `  ${line}`) : []),
    '',
  ].join('\n')
}

/**
 * Whether the background of stdout is darker than its text. Most terminals have a dark one; piped
 * text may be printed on white paper.
 */
export function isDarkGround({ isTerminal, io }: Output): boolean {
  // Some terminals set it to 'foreground;background': 7 and 15 are white.
  const background = io.env.COLORFGBG?.split(';').at(-1)
  return isTerminal && background !== '7' && background !== '15'
}

/** The ticket as an SVG picture for a page of A6. */
export function drawTicket(ticket: TicketFacts): string {
  const { data, size } = modulesOf(ticket.reference, 4)
  const dark = data.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])),
  )
  const view = ticket.restrictedView ? `Restricted view: ${ticket.restrictedView}` : ''
  const lines = [ticket.show, ticket.when, `Seats ${ticket.seats}`, view, ticket.customer ?? '']
    .filter((line) => line !== '')
    .flatMap((line) => wrapWords(safeText(line), 34))
  const texts = [...lines, ticket.reference].map((line, index) => {
    const isBold = index === 0 || index === lines.length
    return `<text x="8" y="${14 + index * 7}"${isBold ? ' font-weight="bold"' : ''}>${escapeXml(line)}</text>`
  })
  const top = 14 + lines.length * 7 + 6
  const height = Math.max(148, top + 82)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="105mm" height="${height}mm" viewBox="0 0 105 ${height}">
<rect width="105" height="${height}" fill="white"/>
<g font-family="sans-serif" font-size="5">
${texts.join('\n')}
</g>
<path transform="translate(14 ${top}) scale(${76 / size})" shape-rendering="crispEdges" d="${dark.join('')}"/>
</svg>
`
}

/** The modules of the QR code with its quiet zone; true is dark. */
function modulesOf(text: string, border: number) {
  return encode(text, { ecc: 'M', border })
}

/**
 * Two modules a character, one above the other; in ASCII, two characters a module. Draws the dark
 * modules, or with `drawLight` the light ones with the quiet zone.
 */
function qrLines(text: string, style: RenderStyle, drawLight: boolean) {
  const { data, size } = modulesOf(text, 2)
  const isDrawn = (x: number, y: number) => data[y] !== undefined && data[y][x] !== drawLight
  const lines: string[] = []
  for (let y = 0; y < size; y += style.unicode ? 2 : 1) {
    const cells = data[y]!.map((_, x) =>
      style.unicode ? halves[`${isDrawn(x, y)}${isDrawn(x, y + 1)}`]! : isDrawn(x, y) ? '##' : '  ',
    )
    lines.push(blackOnWhite(style, cells.join('')))
  }
  return { lines, width: style.unicode ? size : 2 * size }
}

const halves: Record<string, string> = {
  truetrue: '█',
  truefalse: '▀',
  falsetrue: '▄',
  falsefalse: ' ',
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
