import { type DrawnSeat, SeatPlan } from '../../../house/plan/seat-plan.js'
import { formatCount, formatNumber } from '../../../shared/numbers.js'
import { safeText } from '../../../shared/safe-text.js'
import { signs, tint } from '../../../terminal/render/style.js'
import type { Handler } from '../../context.js'
import { faultLine, nameOfFile, readPlan } from '../../plan-file.js'

type Kinds = Partial<Record<DrawnSeat['kind'], number>>

/** `tickets plan check FILE`: exits 7 when the plan has faults. */
export const run: Handler<object, [string]> = async (context, _options, file) => {
  const { output } = context
  const { outline, faults, notices } = await readPlan(context, file)
  const plan = outline && new SeatPlan(outline)
  const sections = plan ? sectionsOf(plan) : []
  if (output.json) {
    const { name, stage, totalSeats: total_seats } = plan ?? {}
    await output.document({
      ok: plan !== undefined,
      name,
      stage,
      total_seats,
      sections,
      faults,
      notices,
    })
    return plan ? 0 : 7
  }
  const { style } = output
  const { done, failed } = signs(style)
  const lines = faults.map((fault) => faultLine(file, fault))
  if (plan) {
    const title = plan.name === '' ? nameOfFile(file) : safeText(plan.name)
    lines.push(`${tint(style, 'good', done)} ${title}: ${formatCount(plan.totalSeats, 'seat')}.`)
    for (const { name, seats, kinds } of sections) {
      const special = Object.entries(kinds).filter(([kind]) => kind !== 'standard')
      const counts = special.map(([kind, count]) => `${formatNumber(count)} ${kind}`)
      const all = [formatCount(seats, 'seat'), ...counts].join(', ')
      lines.push(`  ${name === '' ? all : `${name}: ${all}`}`)
    }
    lines.push(...notices.map((notice) => `${tint(style, 'warning', '!')} ${safeText(notice)}`))
  } else {
    lines.push(
      `${tint(style, 'bad', failed)} ${nameOfFile(file)} has ${formatCount(faults.length, 'mistake')}.`,
    )
  }
  await output.write(`${lines.join('\n')}\n`)
  return plan ? 0 : 7
}

/** Each section with its seats for sale, and with all of its seats by kind. */
function sectionsOf(plan: SeatPlan) {
  return plan.sections.map(({ name, first, last, firstRow, lastRow }) => {
    const kinds: Kinds = {}
    for (const row of plan.rows.slice(firstRow, lastRow + 1)) {
      for (const { kind } of row.seats) kinds[kind] = (kinds[kind] ?? 0) + 1
    }
    return { name, rows: lastRow - firstRow + 1, seats: last - first + 1, kinds }
  })
}
