import { safeText } from '../../shared/safe-text.js'
import { wrapWords } from './fields.js'
import { padText, textWidth } from './fit-text.js'
import { type Paper, tint } from './style.js'

/** One event. */
export interface TimelineEntry {
  when: string
  action: string
  /** The reference of the booking, if the timeline is of more than one. */
  reference?: string | null
  what: string
  who: string
}

/** The events in the given order: time and action on a line, the details below. */
export function renderTimeline(entries: readonly TimelineEntry[], paper: Paper): string {
  const width = Math.max(0, ...entries.map(({ when }) => textWidth(when)))
  return entries.map((entry) => drawEntry(entry, width, paper)).join('')
}

function drawEntry(entry: TimelineEntry, width: number, paper: Paper): string {
  const { when, action, what, who } = entry
  const by = safeText(who)
  const isBeside = width + textWidth(`${action}${by}`) + 6 <= paper.columns
  const head = `  ${tint(paper, 'quiet', padText(when, width))}  ${tint(paper, 'strong', action)}`
  const below = [what, ...(isBeside ? [] : [by])]
    .filter((text) => text !== '')
    .flatMap((text) => wrapWords(safeText(text), paper.columns - 6))
  return [
    isBeside && by !== '' ? `${head}  ${tint(paper, 'quiet', by)}` : head,
    ...below.map((line) => `      ${line}`),
    '',
  ].join('\n')
}
