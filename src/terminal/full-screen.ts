/** The whole screen of a terminal, in use for a while; its former contents return afterwards. */
export interface FullScreen {
  readonly columns: number
  readonly rows: number
  /** Shows these lines, none wider than the screen. Only lines that have changed are sent. */
  draw(lines: readonly string[]): void
  /** Called when everything must be drawn again: after a change of size, or after `suspend`. */
  onBlank: () => void
  /** Restores the terminal and stops the process, as Ctrl-Z does, until it is continued. */
  suspend(): void
}

/** Runs `work` with the whole screen of a terminal, and always restores the terminal. */
export async function withFullScreen<T>(
  stream: NodeJS.WriteStream,
  work: (screen: FullScreen) => Promise<T>,
): Promise<T> {
  const screen = new TerminalScreen(stream)
  const onResize = () => screen.forget()
  stream.on('resize', onResize)
  screen.enter()
  try {
    return await work(screen)
  } finally {
    stream.off('resize', onResize)
    screen.leave()
  }
}

// Private modes of xterm, which other terminals know or ignore: 1049 is the second screen, 25 the
// cursor, 7 the wrapping of long lines. A frame between 2026h and 2026l appears all at once.
const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const leave = '\u001b[?7h\u001b[?25h\u001b[?1049l'
const clear = '\u001b[2J'
const beginFrame = '\u001b[?2026h'
const endFrame = '\u001b[?2026l'

class TerminalScreen implements FullScreen {
  readonly #stream: NodeJS.WriteStream
  #shown: readonly string[] | undefined
  onBlank = () => {}

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  get columns(): number {
    return this.#stream.columns || 80
  }

  get rows(): number {
    return this.#stream.rows || 24
  }

  enter(): void {
    this.#stream.write(enter)
  }

  leave(): void {
    this.#stream.write(leave)
  }

  suspend(): void {
    this.leave()
    process.once('SIGCONT', () => {
      this.enter()
      this.forget()
    })
    process.kill(process.pid, 'SIGTSTP')
  }

  /** What a terminal shows after a change of its size is undefined: everything is drawn again. */
  forget(): void {
    this.#shown = undefined
    this.onBlank()
  }

  draw(lines: readonly string[]): void {
    const shown = this.#shown
    const height = Math.max(lines.length, shown?.length ?? 0)
    const changes = Array.from({ length: height }, (_, row) =>
      shown?.[row] === (lines[row] ?? '') ? '' : drawRow(row, lines[row] ?? ''),
    )
    this.#shown = lines
    const frame = (shown === undefined ? clear : '') + changes.join('')
    if (frame !== '') this.#stream.write(beginFrame + frame + endFrame)
  }
}

function drawRow(row: number, line: string): string {
  return `\u001b[${row + 1};1H\u001b[2K${line}`
}
