import type { CancellationPreview, Show } from '../../../client/api.js'
import { cancellationJson } from '../../../client/json.js'
import { invalidInput } from '../../../shared/errors.js'
import { foldText } from '../../../shared/fold-text.js'
import { formatCount } from '../../../shared/numbers.js'
import { safeText } from '../../../shared/safe-text.js'
import type { Context, Handler } from '../../context.js'
import { type Irrevocable, mayProceed } from '../../irrevocable.js'
import { namedShow } from '../../named-show.js'
import { announceShow } from './announce.js'
import { whenOf } from './text.js'

export interface ShowCancelOptions {
  date?: string
  yes?: boolean
  dryRun?: boolean
  expectBookings?: string
}

/**
 * `tickets show cancel SHOW`: first reports what it affects. A person types the show's name; a
 * script passes the number of bookings that it expects, so that it cancels no more than it has
 * seen.
 */
export const run: Handler<ShowCancelOptions, [string]> = async (context, options, name) => {
  const { output, tickets } = context
  const expected = expectedOf(options)
  const show = await namedShow(context, { name, date: options.date })
  const preview = await tickets.previewCancellation(show.id)
  if (options.dryRun) {
    if (output.json) return output.document(cancellationJson(show, preview))
    return output.write(`${sentenceOf(show, preview)}\n`)
  }
  if (show.cancelledAt === null) {
    const question = questionOf(context, show, { preview, isSure: expected !== undefined })
    if (!(await mayProceed(context, question))) return
  }
  const seen = preview.confirmedBookings + preview.heldBookings
  const cancelled = await tickets.cancelShow(show.id, expected ?? seen)
  await announceShow(output, cancelled)
  if (show.cancelledAt !== null && !output.json) output.hint('Already cancelled; nothing changed.')
}

function expectedOf({ yes, dryRun, expectBookings }: ShowCancelOptions): number | undefined {
  if (dryRun) return undefined
  if ((expectBookings === undefined) !== (yes !== true)) {
    throw invalidInput('--yes and --expect-bookings must be used together.')
  }
  if (expectBookings === undefined) return undefined
  if (/^\d{1,9}$/.test(expectBookings)) return Number(expectBookings)
  throw invalidInput('--expect-bookings must be a whole number, 0 or more.')
}

/** To agree, a person types the name of the show. */
function questionOf(
  { asking }: Context,
  show: Show,
  { preview, isSure }: { preview: CancellationPreview; isSure: boolean },
): Irrevocable {
  const plan = sentenceOf(show, preview)
  return {
    isSure,
    plan,
    flags: `-y --expect-bookings ${preview.confirmedBookings + preview.heldBookings}`,
    question: async () => {
      const { askText } = await import('../../../terminal/prompts/prompts.js')
      await askText(asking, {
        above: plan,
        message: 'Type the name of the show to cancel it:',
        check: (text) => {
          if ([show.name, safeText(show.name)].map(foldText).includes(foldText(text))) return
          throw invalidInput('That is not the name of the show. Press Ctrl-C to keep the show.')
        },
      })
      return true
    },
  }
}

function sentenceOf(show: Show, preview: CancellationPreview): string {
  const { confirmedBookings, confirmedSeats, heldBookings } = preview
  const sold = `${formatCount(confirmedBookings, 'booking')} with ${formatCount(confirmedSeats, 'sold seat')}`
  return `Cancelling ${safeText(show.name)}, ${whenOf(show)}, affects ${sold}, and ${formatCount(heldBookings, 'hold')}.`
}
