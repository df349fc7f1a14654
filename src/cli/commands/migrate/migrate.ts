import { invalidInput } from '../../../shared/errors.js'
import { safeText } from '../../../shared/safe-text.js'
import type { Output } from '../../../terminal/io.js'
import { printCommitted, warningLine } from '../../committed.js'
import type { Context, Handler } from '../../context.js'
import { mayProceed } from '../../irrevocable.js'

export interface MigrateOptions {
  status?: boolean
  check?: boolean
  rollback?: boolean
  grant?: string
  yes?: boolean
}

/** `tickets migrate`: creates or upgrades the schema of the database that it names first. */
export const run: Handler<MigrateOptions> = async (context, options) => {
  const { status, check, rollback, grant } = options
  if ([status, check, rollback, grant !== undefined].filter(Boolean).length > 1) {
    throw invalidInput(
      '--status, --check, --rollback and --grant cannot be used together. Give only one.',
    )
  }
  context.nameDatabase(context.tickets)
  if (status || check) return report(context, check ?? false)
  if (rollback) return rollBack(context, options.yes ?? false)
  return upgrade(context, grant)
}

async function upgrade({ output, tickets }: Context, grant: string | undefined) {
  const applied = await tickets.migrate({
    grant,
    onWarning: (sentence) => output.hint(warningLine(sentence)),
  })
  await announce(output, 'applied', applied, grant === undefined ? {} : { granted: grant })
  if (grant === undefined && applied.length === 0) output.hint('The schema is up to date.')
}

async function report({ output, tickets }: Context, isCheck: boolean) {
  const { applied, pending, unknown } = await tickets.schemaStatus()
  const isCurrent = pending.length === 0 && unknown.length === 0
  if (output.json) await output.document({ ok: isCurrent, applied, pending, unknown })
  else {
    for (const name of applied) await output.write(`applied\t${safeText(name)}\n`)
    for (const name of pending) await output.write(`pending\t${name}\n`)
    for (const name of unknown) await output.write(`unknown\t${safeText(name)}\n`)
    if (unknown.length > 0) output.hint('The schema is newer than this program. Upgrade tickets.')
    else if (!isCurrent) output.hint('Run `tickets migrate` to bring the schema up to date.')
  }
  return isCheck && !isCurrent ? 7 : 0
}

/** A rollback drops the tables of the migrations, with the shows and bookings in them. */
async function rollBack(context: Context, isSure: boolean) {
  const { asking, output, tickets } = context
  if (!isSure && (await tickets.hasData())) {
    const isMeant = await mayProceed(context, {
      isSure,
      plan: 'The database has shows, bookings or tokens, and rolling back drops them.',
      question: 'This drops its shows, bookings and tokens for good. Roll back?',
    })
    if (!isMeant) return output.hint(asking.unchanged)
  }
  const undone = await tickets.rollback()
  await announce(output, 'rolled back', undone)
  if (undone.length === 0) output.hint('There is nothing to roll back.')
}

/** Prints the migrations that were applied or rolled back, and the role that was granted rights. */
async function announce(
  output: Output,
  verb: 'applied' | 'rolled back',
  migrations: readonly string[],
  { granted }: { granted?: string } = {},
): Promise<void> {
  const lines = migrations.map((name) => `${verb} ${name}`)
  if (granted !== undefined) lines.push(`granted ${safeText(granted)}`)
  await printCommitted(
    output,
    () => `${lines.join('; ')}.`,
    () =>
      output.json
        ? output.document({ [verb.replace(' ', '_')]: migrations, granted })
        : output.write(lines.map((line) => `${line}\n`).join('')),
  )
}
