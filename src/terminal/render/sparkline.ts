import type { Paper } from './style.js'

/** Numbers from 0 up as bars, one column each, the largest as high as a line is. */
export function sparkline(values: readonly number[], { unicode }: Pick<Paper, 'unicode'>): string {
  const bars = unicode ? '▁▂▃▄▅▆▇█' : '_.:-=+*#'
  const most = Math.max(1, ...values)
  // Whatever is not nothing is higher than nothing.
  return values.map((value) => bars[Math.ceil((value / most) * (bars.length - 1))]).join('')
}
