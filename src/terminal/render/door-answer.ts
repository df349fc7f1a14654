import { safeText } from '../../shared/safe-text.js'
import { wrapWords } from './fit-text.js'
import { type RenderStyle, signs, tint } from './style.js'

/** The result of a check-in, or of taking one back. */
export interface DoorFacts {
  isUndo: boolean
  /** Seats let in, or out again: 'A1-A4 (4 seats)'; '' for none. */
  admitted: string
  /** Seats that were already in: 'A1-A2 since 2026-12-25 18:40 GMT'. */
  already: string[]
  customer: string | null
  reference: string
  show: string
}

/** The result first, then whose ticket it is: at the door it is read in passing. */
export function renderDoorAnswer(facts: DoorFacts, style: RenderStyle): string {
  const { admitted, already, isUndo } = facts
  const { done, failed, held } = signs(style)
  const whose = [facts.customer, facts.show, facts.reference].filter((text) => text !== null)
  const lines: string[] = []
  if (isUndo) {
    const text = admitted === '' ? 'No seat was checked in.' : `Out again: ${admitted}`
    lines.push(`${tint(style, 'warning', held)} ${tint(style, 'strong', text)}`)
  } else if (admitted !== '') {
    lines.push(`${tint(style, 'good', done)} ${tint(style, 'strong', `Let in: ${admitted}`)}`)
  }
  if (already.length > 0) {
    const text = `Already in: ${already.join(', ')}`
    const [first, ...rest] = wrapWords(text, style.columns - 2)
    lines.push(`${tint(style, 'bad', failed)} ${tint(style, 'strong', first!)}`)
    lines.push(...rest.map((line) => `  ${tint(style, 'strong', line)}`))
  }
  const details = wrapWords(safeText(whose.join(', ')), style.columns - 2)
  return [...lines, ...details.map((line) => `  ${line}`), ''].join('\n')
}
