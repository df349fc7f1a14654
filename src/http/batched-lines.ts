import { safeJsonText } from '../shared/safe-text.js'

/** The destination of the log's lines. */
export interface LineWriter {
  write(text: string): unknown
}

const PAUSE_MS = 50

/**
 * Writes lines in batches: at ten thousand requests a second, one system call per line is too slow.
 */
export class BatchedLines {
  readonly #writer: LineWriter
  #lines = ''
  #timer: NodeJS.Timeout | undefined

  constructor(writer: LineWriter) {
    this.#writer = writer
  }

  write(line: string): void {
    this.#lines += line
    this.#timer ??= setTimeout(() => this.flush(), PAUSE_MS)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lines = this.#lines
    this.#lines = ''
    // An error may repeat a user's text, and the log may be read on a terminal.
    if (lines !== '') this.#writer.write(safeJsonText(lines))
  }
}
