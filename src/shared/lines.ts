import { invalidInput, type TicketsError } from './errors.js'

/** A line of a file, without its line end. */
export interface Line {
  /** From 1. */
  number: number
  /** The size of the file up to and including this line, in bytes. */
  end: number
  /** INVALID_INPUT if the line is not usable text. */
  text: string | TicketsError
}

/** Long enough for all 100,000 seats of a house, each written out. */
const LONGEST_BYTES = 2_000_000

/**
 * Splits chunks of UTF-8 into lines, a chunk at a time and in constant memory: a line over 2 MB
 * yields an error and is not stored. Lines end with LF or CRLF, or with CR if the first line does.
 * Throws INVALID_INPUT for a file in UTF-16.
 *
 * Node's `readline` would also end a line at U+2028, which JSON allows inside strings, and has no
 * maximum length.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  const splitter = new LineSplitter()
  for await (const chunk of withLineFeeds(chunks)) yield splitter.push(chunk)
  yield splitter.end()
}

/** Replaces each CR that ends a line on its own with LF. */
async function* withLineFeeds(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let end: 'LF' | 'CR' | undefined
  let held: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    if (end === 'LF') {
      yield toBuffer(chunk)
      continue
    }
    const bytes = held.length > 0 ? Buffer.concat([held, chunk]) : toBuffer(chunk)
    end ??= firstLineEnd(bytes)
    // Only the next chunk shows whether an LF follows the last CRs.
    const whole = end === 'LF' ? bytes.length : lengthWithoutLastCrs(bytes)
    held = bytes.subarray(whole)
    yield end === 'CR' ? crToLf(bytes.subarray(0, whole)) : bytes.subarray(0, whole)
  }
  if (held.length > 0) yield end === 'CR' ? crToLf(held) : held
}

/** Returns how the first line ends; undefined if the chunk does not show it. */
function firstLineEnd(bytes: Buffer): 'LF' | 'CR' | undefined {
  const cr = bytes.indexOf(CR)
  const lf = bytes.indexOf(LF)
  if (lf >= 0 && (cr < 0 || lf < cr)) return 'LF'
  if (cr < 0) return undefined
  // A copy in text mode turns CR LF into CR CR LF, which is still one line end.
  let next = cr
  while (bytes[next] === CR) next++
  if (next === bytes.length && next - cr <= MOST_HELD) return undefined
  return bytes[next] === LF ? 'LF' : 'CR'
}

function lengthWithoutLastCrs(bytes: Buffer): number {
  let length = bytes.length
  while (length > 0 && bytes.length - length < MOST_HELD && bytes[length - 1] === CR) length--
  return length
}

function crToLf(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  for (let at = copy.indexOf(CR); at >= 0; at = copy.indexOf(CR, at + 1)) {
    if (copy[at + 1] !== LF) copy[at] = LF
  }
  return copy
}

const LF = 10
const CR = 13
/** The maximum number of CRs at the end of a chunk that wait for the next chunk. */
const MOST_HELD = 2

class LineSplitter {
  #number = 0
  #end = 0
  #isEncodingKnown = false
  /** The beginning of a line whose end has not arrived yet. */
  #kept: Buffer[] = []
  #length = 0

  push(chunk: Buffer): Line[] {
    const lines: Line[] = []
    let start = 0
    for (;;) {
      const newline = chunk.indexOf(LF, start)
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
    if (!this.#isEncodingKnown) this.#checkEncoding()
    const text =
      this.#length > LONGEST_BYTES ? tooLong() : textOf(this.#kept, { isFirst: this.#number === 1 })
    this.#kept = []
    this.#length = 0
    return { number: this.#number, end: this.#end, text }
  }

  /** Checks the first non-empty line. */
  #checkEncoding(): void {
    if (this.#length === 0) return
    this.#isEncodingKnown = true
    if (isUtf16(Buffer.concat(this.#kept))) throw utf16()
  }
}

function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** Recognises a byte order mark, or the zero byte in each ASCII character. */
function isUtf16([first, second]: Buffer): boolean {
  const hasMark = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  return hasMark || first === 0 || second === 0
}

function textOf(pieces: Buffer[], { isFirst }: { isFirst: boolean }): string | TicketsError {
  const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
  const text = bytes.toString('utf8')
  // Decoding replaces invalid UTF-8 with this character, which would spoil a customer's name for
  // good.
  if (text.includes('\ufffd')) {
    return invalidInput('The line is not UTF-8 text. Save the file as UTF-8.')
  }
  const withoutMark = isFirst && text.startsWith('\ufeff') ? text.slice(1) : text
  return withoutMark.endsWith('\r') ? withoutMark.slice(0, -1) : withoutMark
}

function utf16(): TicketsError {
  return invalidInput(
    'The file is UTF-16 text. Save it as UTF-8; spreadsheets call this "CSV UTF-8".',
  )
}

function tooLong(): TicketsError {
  return invalidInput('The line is longer than 2 MB.')
}
