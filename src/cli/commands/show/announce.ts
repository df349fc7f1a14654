import type { Show } from '../../../client/api.js'
import { showJson } from '../../../client/json.js'
import type { Warned } from '../../../shared/warnings.js'
import type { Output } from '../../../terminal/io.js'
import { printCommitted, printWarnings } from '../../committed.js'

/** Prints a show that was just created or changed: as JSON, or as its card. */
export async function announceShow(output: Output, show: Show, warned: Warned = {}): Promise<void> {
  await printCommitted(
    output,
    () => `The show ${show.id} (${show.name}) was saved.`,
    async () => {
      if (output.json) return output.document({ ...showJson(show), ...warned })
      const { renderShowCard } = await import('./card.js')
      await output.write(renderShowCard(show, output.style))
    },
  )
  printWarnings(output, warned)
}
