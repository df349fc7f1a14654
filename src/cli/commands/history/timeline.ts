import type { HistoryEvent, Show } from '../../../client/api.js'
import { safeText } from '../../../shared/safe-text.js'
import { padText, textWidth, wrapWords } from '../../../terminal/render/fit-text.js'
import { type RenderStyle, tint } from '../../../terminal/render/style.js'
import { timeOf } from '../show/text.js'
import { describeChange } from './text.js'

/** What the timeline shows of an event. */
type Event = Omit<HistoryEvent, 'id' | 'showId' | 'reference' | 'login'>

/** The events in the given order: time and action on a line, the details below. */
export function renderTimeline(
  events: readonly Event[],
  show: Pick<Show, 'id' | 'timeZone'>,
  style: RenderStyle,
): string {
  const times = events.map(({ at }) => timeOf(at, show))
  const width = Math.max(0, ...times.map(textWidth))
  return events
    .map((event, index) => {
      const what = describeChange(event, show)
      return drawEvent(event, what, padText(times[index]!, width), style)
    })
    .join('')
}

function drawEvent(
  { action, operator, command }: Event,
  what: string,
  when: string,
  style: RenderStyle,
): string {
  const by = safeText([operator, command].filter((text) => text !== null).join(', '))
  const isBeside = textWidth(`${when}${action}${by}`) + 6 <= style.columns
  const head = `  ${tint(style, 'quiet', when)}  ${tint(style, 'strong', action)}`
  const below = [what, ...(isBeside ? [] : [by])]
    .filter((text) => text !== '')
    .flatMap((text) => wrapWords(safeText(text), style.columns - 6))
  return [
    isBeside && by !== '' ? `${head}  ${tint(style, 'quiet', by)}` : head,
    ...below.map((line) => `      ${line}`),
    '',
  ].join('\n')
}
