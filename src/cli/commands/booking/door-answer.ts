import type { CheckIn, Show } from '../../../client/api.js'
import { formatLabels } from '../../../house/seats.js'
import { formatCount } from '../../../shared/numbers.js'
import { safeText } from '../../../shared/safe-text.js'
import { wrapWords } from '../../../terminal/render/fit-text.js'
import { type RenderStyle, signs, tint } from '../../../terminal/render/style.js'
import { timeOf } from '../show/text.js'

/** The result of a check-in, or of taking one back, with the booking's show. */
export interface DoorAnswer extends Pick<CheckIn, 'admitted' | 'already'> {
  booking: Pick<CheckIn['booking'], 'seats' | 'seatLabels' | 'customer' | 'reference'>
  show: Pick<Show, 'name' | 'timeZone'>
  isUndo: boolean
}

/** The result first, then whose ticket it is: at the door it is read in passing. */
export function renderDoorAnswer(answer: DoorAnswer, style: RenderStyle): string {
  const { booking, show, admitted, isUndo } = answer
  const { done, failed, held } = signs(style)
  const inside = `${labelsOf(admitted, booking)} (${formatCount(admitted.length, 'seat')})`
  const already = alreadyIn(answer)
  const lines: string[] = []
  if (isUndo) {
    const text = admitted.length === 0 ? 'No seat was checked in.' : `Check-in undone: ${inside}`
    lines.push(`${tint(style, 'warning', held)} ${tint(style, 'strong', text)}`)
  } else if (admitted.length > 0) {
    lines.push(`${tint(style, 'good', done)} ${tint(style, 'strong', `Admitted: ${inside}`)}`)
  }
  if (already.length > 0) {
    const text = `Already admitted: ${already.join(', ')}`
    const [first, ...rest] = wrapWords(text, style.columns - 2)
    lines.push(`${tint(style, 'bad', failed)} ${tint(style, 'strong', first!)}`)
    lines.push(...rest.map((line) => `  ${tint(style, 'strong', line)}`))
  }
  const whose = [booking.customer, show.name, booking.reference].filter((text) => text !== null)
  const details = wrapWords(safeText(whose.join(', ')), style.columns - 2)
  return [...lines, ...details.map((line) => `  ${line}`), ''].join('\n')
}

/** 'A1-A2 since 2026-12-25 18:40 GMT' for each time at which seats were let in. */
function alreadyIn({ already, booking, show }: DoorAnswer): string[] {
  const seatsAt = new Map<string, number[]>()
  for (const { seat, at } of already) {
    const time = timeOf(at, show)
    seatsAt.set(time, [...(seatsAt.get(time) ?? []), seat])
  }
  return [...seatsAt].map(([time, seats]) => `${labelsOf(seats, booking)} since ${time}`)
}

function labelsOf(seats: number[], booking: DoorAnswer['booking']): string {
  return formatLabels(
    seats,
    seats.map((seat) => booking.seatLabels[booking.seats.indexOf(seat)]!),
  )
}
