import { existsSync } from 'node:fs'
import { formatPlan, type PlanFormat } from '../../../house/plan/plan-file.js'
import type { SeatPlan } from '../../../house/plan/seat-plan.js'
import { invalidInput, TicketsError } from '../../../shared/errors.js'
import { safeLines } from '../../../shared/safe-text.js'
import { drawPlan } from '../../../terminal/seat-map/seat-map.js'
import type { Context, Handler } from '../../context.js'
import { namedShow } from '../../named-show.js'
import { validPlan } from '../../plan-file.js'

export interface PlanPrintOptions {
  date?: string
  output?: PlanFormat
}

/** `tickets plan print FILE|SHOW`: draws the plan, or writes it in the format of --output. */
export const run: Handler<PlanPrintOptions, [string]> = async (context, options, name) => {
  const { output } = context
  const format = options.output ?? (output.json ? 'json' : undefined)
  if (output.json && format !== 'json') {
    throw invalidInput(`--json and --output ${format} cannot be used together.`)
  }
  const plan = isFile(name, options)
    ? await validPlan(context, name)
    : await planOfShow(context, name, options)
  const text = format ? formatPlan(plan, format) : drawPlan(plan, output.style)
  // A file must be exact, but a terminal obeys what is hidden in a name.
  await output.write(format && output.isTerminal ? safeLines(text) : text)
}

/** A missing file whose name looks like one is not a show. */
function isFile(name: string, { date }: PlanPrintOptions): boolean {
  if (date !== undefined) return false
  return name === '-' || /\.(plan|txt|json|csv)$|[/\\]/i.test(name) || existsSync(name)
}

async function planOfShow(
  context: Context,
  name: string,
  { date }: PlanPrintOptions,
): Promise<SeatPlan> {
  const { plan } = await namedShow(context, { name, date })
  if (plan) return plan
  throw new TicketsError(
    'WRONG_STATE',
    'The show has no plan. `tickets show view` draws its seats.',
  )
}
