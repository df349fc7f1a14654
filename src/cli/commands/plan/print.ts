import { formatPlan, type PlanFormat } from '../../../house/plan/plan-file.js'
import { SeatPlan } from '../../../house/plan/seat-plan.js'
import { TicketsError } from '../../../shared/errors.js'
import { safeText } from '../../../shared/safe-text.js'
import { drawPlan } from '../../../terminal/render/seat-map.js'
import { styleOf } from '../../../terminal/render/style.js'
import type { Context, Handler } from '../../context.js'
import { faultLine, readPlan } from './plan-file.js'

/** `tickets plan print FILE`: draws the plan, or writes it in the format of --output. */
export const run: Handler<{ output?: PlanFormat }, [string]> = async (context, options, file) => {
  const { output } = context
  const format = options.output ?? (output.json ? 'json' : undefined)
  if (output.json && format !== 'json') {
    throw new TicketsError('INVALID_INPUT', `--json and --output ${format} exclude each other.`)
  }
  const plan = await validPlan(context, file)
  await output.write(format ? formatPlan(plan, format) : drawPlan(plan, styleOf(output)))
}

async function validPlan(context: Context, file: string): Promise<SeatPlan> {
  const { outline, faults, notices } = await readPlan(context, file)
  if (outline === undefined) {
    const [first, ...others] = faults
    const more =
      others.length === 0
        ? ''
        : ` There ${others.length === 1 ? 'is 1 more mistake' : `are ${others.length} more mistakes`}.`
    throw new TicketsError(
      'INVALID_INPUT',
      `${faultLine(file, first!)}${more} \`tickets plan check\` reports every mistake.`,
    )
  }
  for (const notice of notices) context.output.hint(safeText(notice))
  return new SeatPlan(outline)
}
