import { formatNumber } from '../shared/numbers.js'
import type { Output } from './io.js'

/** A progress bar on stderr. */
export interface Progress {
  /** Sets how many are done, and `total` if it has become known or has changed. */
  update(done: number, total?: number): void
  /** Writes a line to stderr above the bar, under `--quiet` too. */
  print(line: string): void
  /** Removes the bar. The caller of `startProgress` always calls it. */
  stop(): void
}

/** What is counted, and how many there are; 0: not known yet. */
export interface ProgressChoice {
  title: string
  total?: number
}

/** Draws a bar on stderr if that is a terminal and `--quiet` is not set; otherwise nothing. */
export async function startProgress(
  output: Output,
  { title, total = 0 }: ProgressChoice,
): Promise<Progress> {
  const { stderr, env } = output.io
  if (output.quiet || stderr.isTTY !== true || env.TERM === 'dumb') return noProgress(output)
  const { SingleBar } = (await import('cli-progress')).default
  const { columns, unicode } = output.errorStyle
  const [complete, incomplete] = unicode ? ['█', '░'] : ['#', '.']
  const bar = new SingleBar({
    stream: stderr,
    format: `${title} {bar} {percentage}%  {value} of {total}`,
    formatValue: (value, _options, type) =>
      type === 'percentage' ? String(value) : formatNumber(value),
    barsize: Math.max(5, Math.min(40, columns - title.length - COUNTS_WIDTH)),
    barCompleteChar: complete,
    barIncompleteChar: incomplete,
    emptyOnZero: true,
    clearOnComplete: true,
    // Without this, cli-progress switches line wrapping off, and a killed program leaves it off.
    linewrap: true,
  })
  bar.start(total, 0)
  return {
    update(done, newTotal) {
      if (newTotal !== undefined) bar.setTotal(newTotal)
      bar.update(done)
    },
    print(line) {
      stderr.write('\r\u001b[K')
      output.problem(line)
    },
    stop: () => bar.stop(),
  }
}

function noProgress(output: Output): Progress {
  return { update() {}, print: (line) => output.problem(line), stop() {} }
}

/** Columns for '100%  1,000,000 of 1,000,000' and the spaces around it. */
const COUNTS_WIDTH = 32
