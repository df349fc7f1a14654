import { showReportJson } from '../../../client/json.js'
import type { Handler } from '../../context.js'
import { idOrName } from '../../named-show.js'
import { renderShowReport } from './show-report.js'

/** `tickets show report SHOW`. */
export const run: Handler<{ date?: string }, [string]> = async (context, { date }, name) => {
  const { output, tickets } = context
  const report = await tickets.reportOnShow(await idOrName(context, { name, date }))
  if (output.json) return output.document(showReportJson(report))
  await output.write(renderShowReport(report, output.style))
}
