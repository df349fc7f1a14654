import type { RenderStyle } from './style.js'

/** Numbers from 0 up as bars, one column each; the largest is as high as the line. */
export function sparkline(
  values: readonly number[],
  { unicode }: Pick<RenderStyle, 'unicode'>,
): string {
  const bars = unicode ? '▁▂▃▄▅▆▇█' : '_.:-=+*#'
  const most = Math.max(1, ...values)
  // Rounded up, so that a number above 0 differs from 0.
  return values.map((value) => bars[Math.ceil((value / most) * (bars.length - 1))]).join('')
}
