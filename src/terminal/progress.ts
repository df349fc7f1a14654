import type { Output } from './io.js'

/** A bar under way on stderr. */
export interface Progress {
  /** So many are done; `total` where it is known only now, or has changed. */
  update(done: number, total?: number): void
  /** Writes a line that must be seen to stderr, above the bar. */
  tell(line: string): void
  /** Takes the bar away. Who starts one stops it, whatever happens. */
  stop(): void
}

/** What is counted, and how much there is of it; 0: not known yet. */
export interface ProgressChoice {
  title: string
  total?: number
}

/** Draws a bar on stderr where that is a terminal and nobody asked for quiet; nothing otherwise. */
export async function startProgress(
  output: Output,
  { title, total = 0 }: ProgressChoice,
): Promise<Progress> {
  const { stderr, env } = output.io
  if (output.quiet || stderr.isTTY !== true || env.TERM === 'dumb') return noProgress(output)
  const { SingleBar } = (await import('cli-progress')).default
  const [complete, incomplete] = output.unicode ? ['█', '░'] : ['#', '.']
  const bar = new SingleBar({
    stream: stderr,
    format: `${title} {bar} {percentage}%  {value} of {total}`,
    formatValue: (value, _options, type) =>
      type === 'percentage' ? String(value) : value.toLocaleString('en-GB'),
    barsize: Math.max(5, Math.min(40, output.columns - title.length - COUNTS_WIDTH)),
    barCompleteChar: complete,
    barIncompleteChar: incomplete,
    emptyOnZero: true,
    clearOnComplete: true,
    // It would switch the terminal's wrapping off, and a killed program would leave it so.
    linewrap: true,
  })
  bar.start(total, 0)
  return {
    update(done, newTotal) {
      if (newTotal !== undefined) bar.setTotal(newTotal)
      bar.update(done)
    },
    tell(line) {
      stderr.write('\r\u001b[K')
      output.problem(line)
    },
    stop: () => bar.stop(),
  }
}

function noProgress(output: Output): Progress {
  return { update() {}, tell: (line) => output.problem(line), stop() {} }
}

/** Columns for '100%  1,000,000 of 1,000,000' and the spaces around. */
const COUNTS_WIDTH = 32
