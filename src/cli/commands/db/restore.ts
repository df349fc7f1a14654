import { access, constants } from 'node:fs/promises'
import { verifyJson } from '../../../client/json.js'
import { quote } from '../../../shared/quote.js'
import { safeText } from '../../../shared/safe-text.js'
import type { Handler } from '../../context.js'
import { fileFailure, openSource } from '../../files.js'
import { mayProceed } from '../../irrevocable.js'
import { inWords } from './backup.js'

/** `tickets db restore FILE`: then verifies, and exits 7 if something is oversold or lost. */
export const run: Handler<{ yes?: boolean }, [string]> = async (context, { yes }, file) => {
  const { asking, output, tickets, signal } = context
  if (file !== '-') {
    await access(file, constants.R_OK).catch((error) => {
      throw fileFailure(error, { name: quote(file), verb: 'read' })
    })
  }
  context.nameDatabase(tickets)
  const isMeant = await mayProceed(context, {
    isSure: yes ?? false,
    plan: `This would fill the ${safeText(tickets.databaseName)} from ${quote(file)}.`,
    question: `Fill the ${safeText(tickets.databaseName)} from ${quote(file)}?`,
  })
  if (!isMeant) return output.hint(asking.unchanged)
  const { chunks } = await openSource(file, output.io, signal)
  const rows = await tickets.restore(chunks)
  output.hint(`Restored ${inWords(rows)}.`)
  if (rows.api_tokens) {
    output.hint(
      'Tokens that were revoked after the backup was made are valid again: `tickets token list` shows all, and `tickets token revoke` revokes one.',
    )
  }
  const report = await tickets.verify()
  if (output.json) await output.document({ ...verifyJson(report), rows })
  else {
    const { renderVerdict } = await import('../../../terminal/render/verdict.js')
    await output.write(renderVerdict(report, output.style))
  }
  return report.ok ? 0 : 7
}
