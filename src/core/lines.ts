import { TicketsError } from './errors.js'

/** A line of a file, without its end. */
export interface Line {
  /** From 1. */
  number: number
  /** Bytes of the file up to and with this line. */
  end: number
  /** INVALID_INPUT where it is no text that can be used. */
  text: string | TicketsError
}

/** All 100,000 seats of a house, each written out, fit into one line. */
const LONGEST_BYTES = 2_000_000

/**
 * Reads lines of UTF-8 out of chunks, a chunk's worth at a time and in constant memory: a line of
 * more than 2 MB is an error of its own and is not kept.
 *
 * Node's `readline` would also end a line at U+2028, which JSON allows inside a text, and would keep
 * any length.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  const splitter = new LineSplitter()
  for await (const chunk of chunks) yield splitter.push(toBuffer(chunk))
  yield splitter.end()
}

class LineSplitter {
  #number = 0
  #end = 0
  /** The beginning of a line whose end has not come yet. */
  #kept: Buffer[] = []
  #length = 0

  push(chunk: Buffer): Line[] {
    const lines: Line[] = []
    let start = 0
    for (;;) {
      const newline = chunk.indexOf(NEWLINE, start)
      if (newline < 0) break
      this.#keep(chunk.subarray(start, newline))
      lines.push(this.#take(1))
      start = newline + 1
    }
    this.#keep(chunk.subarray(start))
    return lines
  }

  end(): Line[] {
    return this.#length > 0 ? [this.#take(0)] : []
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length
    if (this.#length > LONGEST_BYTES) this.#kept = []
    else if (piece.length > 0) this.#kept.push(piece)
  }

  #take(newlineBytes: number): Line {
    this.#number++
    this.#end += this.#length + newlineBytes
    const text =
      this.#length > LONGEST_BYTES ? tooLong() : textOf(this.#kept, { isFirst: this.#number === 1 })
    this.#kept = []
    this.#length = 0
    return { number: this.#number, end: this.#end, text }
  }
}

const NEWLINE = 10

function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

function textOf(pieces: Buffer[], { isFirst }: { isFirst: boolean }): string | TicketsError {
  const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
  const text = bytes.toString('utf8')
  // What is not UTF-8 becomes this character, and a customer's name would be spoilt for good.
  if (text.includes('\ufffd')) {
    return new TicketsError('INVALID_INPUT', 'The line is not UTF-8 text. Save the file as UTF-8.')
  }
  const withoutMark = isFirst && text.startsWith('\ufeff') ? text.slice(1) : text
  return withoutMark.endsWith('\r') ? withoutMark.slice(0, -1) : withoutMark
}

function tooLong(): TicketsError {
  return new TicketsError('INVALID_INPUT', 'The line is longer than 2 MB.')
}
