import { encode, renderUnicode, renderUnicodeCompact } from 'uqr'
import type { Booking } from '../../../client/api.js'
import { restrictedSeats } from '../../../house/restricted-view.js'
import { formatSeats, type SeatLayout } from '../../../house/seats.js'
import { safeText } from '../../../shared/safe-text.js'
import type { Output } from '../../../terminal/io.js'
import { drawFields, drawTitle } from '../../../terminal/render/fields.js'
import { wrapWords } from '../../../terminal/render/fit-text.js'
import { blackOnWhite, type RenderStyle, tint } from '../../../terminal/render/style.js'
import type { ShowHead } from '../show/card.js'
import { whenOf } from '../show/text.js'

/** A booking and its show. */
export interface Ticket {
  /** The reference is also the text of the QR code. */
  booking: Pick<Booking, 'customer' | 'reference'>
  show: ShowHead & SeatLayout
  /** The booking's seats as the show numbers them now. */
  seats: number[]
}

/**
 * The ticket as text, with its reference as a QR code if that fits. Ends with a newline. On a
 * `darkBackground` without colours, the light modules of the code are drawn instead of the dark ones.
 */
export function renderTicket(ticket: Ticket, style: RenderStyle, darkBackground = false): string {
  const { show, booking } = ticket
  const { seats, restrictedView } = namesOf(ticket)
  const code = qrLines(booking.reference, style, darkBackground && !style.color)
  const hasRoom = code[0]!.length + 2 <= style.columns
  return [
    ...drawTitle(style, safeText(show.name)),
    whenOf(show),
    ...(show.cancelledAt ? [tint(style, 'bad', 'The show is cancelled.')] : []),
    '',
    ...drawFields(style, [
      ['Seats', seats],
      ['Restricted view', restrictedView],
      ['Name', booking.customer && safeText(booking.customer)],
      ['Reference', tint(style, 'strong', booking.reference)],
    ]),
    '',
    ...(hasRoom ? code.map((line) => `  ${blackOnWhite(style, line)}`) : []),
    '',
  ].join('\n')
}

/**
 * Whether the background of stdout is darker than its text. Most terminals have a dark one; piped
 * text may be printed on white paper.
 */
export function isDarkBackground({ isTerminal, io }: Output): boolean {
  // Some terminals set it to 'foreground;background': 7 and 15 are white.
  const background = io.env.COLORFGBG?.split(';').at(-1)
  return isTerminal && background !== '7' && background !== '15'
}

/** The ticket as an SVG picture for a page of A6. */
export function drawTicket(ticket: Ticket): string {
  const { show, booking } = ticket
  const { seats, restrictedView } = namesOf(ticket)
  const { data, size } = encode(booking.reference, { ecc: 'M', border: 4 })
  const dark = data.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])),
  )
  const view = restrictedView && `Restricted view: ${restrictedView}`
  const lines = [show.name, whenOf(show), `Seats ${seats}`, view, booking.customer ?? '']
    .filter((line) => line !== '')
    .flatMap((line) => wrapWords(safeText(line), 34))
  const texts = [...lines, booking.reference].map((line, index) => {
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

/** The names of the seats, and of those that have a restricted view; '' if none has. */
function namesOf({ seats, show }: Ticket) {
  const restrictedView = formatSeats(restrictedSeats(seats, show), show)
  return { seats: formatSeats(seats, show), restrictedView }
}

/**
 * Two modules a character, one above the other; in ASCII, two characters a module. Draws the dark
 * modules, or with `drawLight` the light ones with the quiet zone.
 */
function qrLines(text: string, { unicode }: RenderStyle, drawLight: boolean): string[] {
  // uqr draws the light modules unless `invert` is set.
  const options = { ecc: 'M', border: 2, invert: !drawLight } as const
  const code = unicode
    ? renderUnicodeCompact(text, options)
    : renderUnicode(text, { ...options, whiteChar: '##', blackChar: '  ' })
  return code.split('\n')
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
