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
  let shown: readonly string[] | undefined
  // What a terminal shows after a change of its size is undefined: everything is drawn again.
  const forget = () => {
    shown = undefined
    screen.onBlank()
  }
  const screen: FullScreen = {
    get columns() {
      return stream.columns || 80
    },
    get rows() {
      return stream.rows || 24
    },
    draw(lines) {
      const before = shown
      const height = Math.max(lines.length, before?.length ?? 0)
      const changes = Array.from({ length: height }, (_, row) =>
        before?.[row] === (lines[row] ?? '') ? '' : drawRow(row, lines[row] ?? ''),
      )
      shown = lines
      const frame = (before === undefined ? clear : '') + changes.join('')
      if (frame !== '') stream.write(beginFrame + frame + endFrame)
    },
    onBlank() {},
    suspend() {
      stream.write(leave)
      process.once('SIGCONT', () => {
        stream.write(enter)
        forget()
      })
      process.kill(process.pid, 'SIGTSTP')
    },
  }
  stream.on('resize', forget)
  stream.write(enter)
  try {
    return await work(screen)
  } finally {
    stream.off('resize', forget)
    stream.write(leave)
  }
}

// Private modes of xterm, which other terminals know or ignore: 1049 is the second screen, 25 the
// cursor, 7 the wrapping of long lines. A frame between 2026h and 2026l appears all at once.
const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const leave = '\u001b[?7h\u001b[?25h\u001b[?1049l'
const clear = '\u001b[2J'
const beginFrame = '\u001b[?2026h'
const endFrame = '\u001b[?2026l'

function drawRow(row: number, line: string): string {
  return `\u001b[${row + 1};1H\u001b[2K${line}`
}
