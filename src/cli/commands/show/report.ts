import { showReportJson } from '../../../client/json.js'
import { renderShowReport } from '../../../terminal/render/show-report.js'
import type { Handler } from '../../context.js'
import { idOrName } from '../../named-show.js'
import { timeOf, whenOf } from './text.js'

/** `tickets show report SHOW`. */
export const run: Handler<{ date?: string }, [string]> = async (context, { date }, name) => {
  const { output, tickets } = context
  const report = await tickets.reportOnShow(await idOrName(context, { name, date }))
  if (output.json) return output.document(showReportJson(report))
  const { show, hours } = report
  await output.write(
    renderShowReport(
      {
        ...report,
        name: show.name,
        when: whenOf(show),
        isCancelled: show.cancelledAt !== null,
        hours: hours.map(({ hour, ...sales }) => ({ label: timeOf(hour, show), ...sales })),
        operators: report.operators.map(({ operator, ...sales }) => ({
          label: operator ?? 'unknown',
          ...sales,
        })),
      },
      output.style,
    ),
  )
}
