import { safeText } from '../../shared/safe-text.js'
import { wrapWords } from './fields.js'
import { type Paper, signs, tint } from './style.js'

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
export function renderDoorAnswer(facts: DoorFacts, paper: Paper): string {
  const { admitted, already, isUndo } = facts
  const { done, failed, held } = signs(paper)
  const whose = [facts.customer, facts.show, facts.reference].filter((text) => text !== null)
  const lines: string[] = []
  if (isUndo) {
    const text = admitted === '' ? 'No seat was checked in.' : `Out again: ${admitted}`
    lines.push(`${tint(paper, 'warning', held)} ${tint(paper, 'strong', text)}`)
  } else if (admitted !== '') {
    lines.push(`${tint(paper, 'good', done)} ${tint(paper, 'strong', `Let in: ${admitted}`)}`)
  }
  if (already.length > 0) {
    const text = `Already in: ${already.join(', ')}`
    const [first, ...rest] = wrapWords(text, paper.columns - 2)
    lines.push(`${tint(paper, 'bad', failed)} ${tint(paper, 'strong', first!)}`)
    lines.push(...rest.map((line) => `  ${tint(paper, 'strong', line)}`))
  }
  const details = wrapWords(safeText(whose.join(', ')), paper.columns - 2)
  return [...lines, ...details.map((line) => `  ${line}`), ''].join('\n')
}
