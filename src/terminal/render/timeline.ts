import { safeText } from '../../shared/safe-text.js'
import { padText, textWidth, wrapWords } from './fit-text.js'
import { type RenderStyle, tint } from './style.js'

export interface TimelineEntry {
  when: string
  action: string
  /** The reference of the booking, if the timeline is of more than one. */
  reference?: string | null
  what: string
  who: string
}

/** The events in the given order: time and action on a line, the details below. */
export function renderTimeline(entries: readonly TimelineEntry[], style: RenderStyle): string {
  const width = Math.max(0, ...entries.map(({ when }) => textWidth(when)))
  return entries.map((entry) => drawEntry(entry, width, style)).join('')
}

function drawEntry(entry: TimelineEntry, width: number, style: RenderStyle): string {
  const { when, action, what, who } = entry
  const by = safeText(who)
  const isBeside = width + textWidth(`${action}${by}`) + 6 <= style.columns
  const head = `  ${tint(style, 'quiet', padText(when, width))}  ${tint(style, 'strong', action)}`
  const below = [what, ...(isBeside ? [] : [by])]
    .filter((text) => text !== '')
    .flatMap((text) => wrapWords(safeText(text), style.columns - 6))
  return [
    isBeside && by !== '' ? `${head}  ${tint(style, 'quiet', by)}` : head,
    ...below.map((line) => `      ${line}`),
    '',
  ].join('\n')
}
