import type { VerifyReport } from '../../../client/api.js'
import { verifyJson } from '../../../client/json.js'
import { invalidInput, TicketsError } from '../../../shared/errors.js'
import { startProgress } from '../../../terminal/progress.js'
import type { Context, Handler } from '../../context.js'
import { openSource } from '../../files.js'
import { mayProceed } from '../../irrevocable.js'
import { ifNamed, namedShow } from '../../named-show.js'

export interface VerifyOptions {
  date?: string
  against?: string
  repair?: boolean
  dryRun?: boolean
  yes?: boolean
}

/** `tickets verify [SHOW]`: exits 7 when something is oversold, lost or left behind. */
export const run: Handler<VerifyOptions, [string | undefined]> = async (context, options, name) => {
  if ((options.dryRun || options.yes) && !options.repair) {
    throw invalidInput('--dry-run and --yes require --repair.')
  }
  const named = ifNamed({ name, date: options.date })
  const show = named && (await namedShow(context, named)).id
  const repair = options.repair ? await repairAll(context, show, options) : undefined
  const report = await verify(context, show, options.against)
  await announce(context, report, repair)
  return report.ok ? 0 : 7
}

/** What was repaired, or under --dry-run would be: bookings, by their references, and sequences. */
interface Repair {
  isDryRun: boolean
  references: string[]
  /** The tables whose sequences were moved. */
  sequences: string[]
}

/** Prints what it would do, and does it with --yes or when a person agrees. */
async function repairAll(
  context: Context,
  show: string | undefined,
  { dryRun: isDryRun = false, yes: isSure = false }: VerifyOptions,
): Promise<Repair> {
  const { asking, tickets, output } = context
  const dryRun = true
  const references = await tickets.repair({ show, dryRun })
  const sequences = await tickets.repairSequences({ dryRun })
  if (isDryRun || references.length + sequences.length === 0) {
    return { isDryRun, references, sequences }
  }
  const plan = planOf({ references, sequences })
  if (isSure) output.hint(plan)
  const question = async () => {
    const { askConfirm } = await import('../../../terminal/prompts/prompts.js')
    return askConfirm(asking, { above: plan, message: 'Repair?', default: false })
  }
  if (!(await mayProceed(context, { isSure, plan, question }))) {
    throw new TicketsError('INTERRUPTED', asking.unchanged)
  }
  return {
    isDryRun,
    // First, as a repaired booking makes a row of the history.
    sequences: await tickets.repairSequences(),
    references: await tickets.repair({ show }),
  }
}

function planOf({ references, sequences }: Omit<Repair, 'isDryRun'>): string {
  return [
    ...(sequences.length > 0
      ? [`The repair moves the sequence of ${sequences.join(' and ')}.`]
      : []),
    ...(references.length > 0 ? [planOfBookings(references)] : []),
  ].join(' ')
}

function planOfBookings(references: string[]): string {
  const shown = references.slice(0, SHOWN).join(', ')
  const more = references.length > SHOWN ? ` and ${references.length - SHOWN} more` : ''
  const bookings = references.length === 1 ? 'this abandoned booking' : 'these abandoned bookings'
  return `The repair marks ${bookings} as FAILED: ${shown}${more}. No seat changes hands.`
}

const SHOWN = 10

async function verify(
  { tickets, output, signal }: Context,
  show: string | undefined,
  file: string | undefined,
) {
  const against = file === undefined ? undefined : await openSource(file, output.io, signal)
  const progress = await startProgress(output, { title: 'Verifying' })
  try {
    return await tickets.verify({
      ...{ show, against: against?.chunks },
      onProgress: progress.update,
    })
  } finally {
    progress.stop()
  }
}

async function announce({ output }: Context, report: VerifyReport, repair: Repair | undefined) {
  if (output.json) {
    const field = repair?.isDryRun ? 'would_repair' : 'repaired'
    return output.document({
      ...verifyJson(report),
      ...(repair && { [field]: repair.references, [`${field}_sequences`]: repair.sequences }),
    })
  }
  const verb = repair?.isDryRun ? 'would repair' : 'repaired'
  for (const table of repair?.sequences ?? []) await output.write(`${verb} sequence of ${table}\n`)
  for (const reference of repair?.references ?? []) await output.write(`${verb} ${reference}\n`)
  const { renderVerdict } = await import('../../../terminal/render/verdict.js')
  await output.write(renderVerdict(report, output.style))
  const hint = hintFor(report, repair)
  if (hint !== undefined) output.hint(hint)
}

function hintFor({ ok, violations }: VerifyReport, repair: Repair | undefined): string | undefined {
  if (ok) return undefined
  if (repair !== undefined && !repair.isDryRun) {
    return 'Only abandoned bookings and sequences are repaired; a person must decide about the rest.'
  }
  return violations.some(({ code }) => code === 'STALE_PENDING' || code === 'SEQUENCE_BEHIND')
    ? '`tickets verify --repair` decides abandoned bookings, and moves sequences.'
    : undefined
}
