import type { ShowDetails } from '../../../client/api.js'
import { showDetailsJson } from '../../../client/json.js'
import { invalidInput } from '../../../shared/errors.js'
import { type FullScreen, withFullScreen } from '../../../terminal/full-screen.js'
import type { Output } from '../../../terminal/io.js'
import { withRawKeys } from '../../../terminal/prompts/raw-keys.js'
import type { Context } from '../../context.js'
import { drawWatchedShow, scrollHouse, type WatchScreen } from './watch-screen.js'

/**
 * `tickets show view SHOW --watch`: draws the show again at every change, until Ctrl-C (exit 130) or
 * `q`; a house that is too large for the screen scrolls. Under `--json` it prints one document a
 * line instead, one for every change.
 *
 * Throws INVALID_INPUT if stdout is not a terminal that can be redrawn.
 */
export async function watch(context: Context, showId: string): Promise<void> {
  const { output, tickets } = context
  if (output.json) {
    for await (const show of tickets.watchShow(showId)) {
      await output.document(showDetailsJson(show))
      if (output.isGone) return
    }
  } else {
    requireScreen(output)
    await withFullScreen(output.io.stdout, (screen) => watchOn(screen, context, showId))
  }
}

/** How often the sales are counted, in milliseconds: the bars move on even when nothing is sold. */
const COUNT_MS = 2000

async function watchOn(screen: FullScreen, context: Context, showId: string): Promise<void> {
  const { output, tickets } = context
  const { style } = output
  const ending = new AbortController()
  const seen: { show?: ShowDetails; sales: number[] } = { sales: [] }
  let top: number | undefined
  let drawn: WatchScreen | undefined
  const draw = () => {
    if (seen.show === undefined) return
    drawn = drawWatchedShow(seen.show, { sales: seen.sales, screen, top }, style)
    screen.draw(drawn.lines)
  }
  const count = async () => {
    if (seen.show === undefined) return
    seen.sales = await tickets.recentSales(seen.show.id, minutesFor(screen))
    draw()
  }
  screen.onBlank = draw
  // A count that fails is repeated; the watch itself reports errors of the database.
  const timer = setInterval(() => void count().catch(() => {}), COUNT_MS)
  const onKey = (key: string) => {
    if (key === 'q' || key === 'escape') ending.abort()
    if (drawn === undefined) return
    top = scrollHouse(top, key, drawn)
    draw()
  }
  try {
    await withRawKeys(output.io.stdin, onKey, async () => {
      for await (const show of tickets.watchShow(showId, { signal: ending.signal })) {
        const isFirst = seen.show === undefined
        seen.show = show
        if (isFirst) await count()
        draw()
      }
    })
  } finally {
    clearInterval(timer)
    screen.onBlank = () => {}
  }
}

/** One column for each minute; the sentence beside them takes the rest. */
function minutesFor({ columns }: FullScreen): number {
  return columns < 60 ? 15 : 30
}

function requireScreen({ isTerminal, io }: Output): void {
  if (isTerminal && io.env.TERM !== 'dumb') return
  throw invalidInput(
    '--watch needs a terminal, and stdout is not one. Add --json to print a line at every change.',
  )
}
