import { safeJson } from '../shared/safe-text.js'
import type { RenderStyle } from './render/style.js'

/** The streams and the environment of one run. */
export interface Io {
  stdin: NodeJS.ReadStream
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  env: Record<string, string | undefined>
}

/** The global options that concern output. `input` and `color` are true unless switched off. */
export interface OutputChoice {
  json: boolean
  quiet: boolean
  input: boolean
  color: boolean
}

/** Where a command writes: its result to stdout, everything else to stderr. */
export interface Output {
  readonly io: Io
  /** Whether the command may prompt: stdin and stderr are terminals, and no option forbids it. */
  readonly canPrompt: boolean
  /** Whether stdout is a terminal. */
  readonly isTerminal: boolean
  readonly json: boolean
  readonly quiet: boolean
  /**
   * How to draw on stdout now: as wide as `COLUMNS`, else as the terminal is, else 80 columns; beyond
   * ASCII unless TERM is dumb or the locale lacks UTF-8.
   */
  readonly style: RenderStyle
  /** How to draw on stderr: as wide as on stdout, with colours if stderr has them. */
  readonly errorStyle: RenderStyle
  /** Whether the reader of stdout has gone. A producer then stops, quietly. */
  readonly isGone: boolean
  /**
   * Writes to stdout and waits until the text is passed on, so a slow reader slows the writer.
   * Resolves if the reader has gone; rejects if the text is lost for another reason (a full disk).
   */
  write(text: string): Promise<void>
  /** Writes one JSON document and a newline to stdout. */
  document(value: unknown): Promise<void>
  /** Writes a line for people to stderr, except under `--quiet`. */
  hint(text: string): void
  /** Writes a line to stderr, under `--quiet` too. */
  problem(text: string): void
}

/**
 * Opens the streams of one run. Both get an `error` listener, since a reader that leaves
 * (`| head`) must end the program quietly and not with a stack trace.
 */
export function openOutput(io: Io, choice: OutputChoice): Output {
  let isGone = false
  let errors: NodeJS.WriteStream | undefined
  let isErrorGone = false
  io.stdout.on('error', (error) => {
    if (isReaderGone(error)) isGone = true
  })
  const write = (text: string): Promise<void> => {
    if (isGone || text === '') return Promise.resolve()
    return new Promise((resolve, reject) => {
      io.stdout.write(text, (error) => {
        if (error && !isReaderGone(error)) return reject(error)
        if (error) isGone = true
        resolve()
      })
    })
  }
  const problem = (text: string) => {
    // Reading `io.stderr` makes Node create the stream, so it is read when there is a line to write.
    errors ??= io.stderr.on('error', () => {
      // There is no stream left on which to report that stderr fails.
      isErrorGone = true
    })
    if (!isErrorGone) errors.write(`${text}\n`)
  }
  const unicode = drawsUnicode(io.env)
  const styleOn = (stream: NodeJS.WriteStream): RenderStyle => ({
    columns: positive(io.env.COLUMNS) ?? positive(io.stdout.columns) ?? 80,
    color: wantsColor(stream, io.env, choice),
    unicode,
  })
  return {
    io,
    canPrompt: canAsk(io, choice),
    isTerminal: io.stdout.isTTY === true,
    json: choice.json,
    quiet: choice.quiet,
    get style() {
      return styleOn(io.stdout)
    },
    get errorStyle() {
      return styleOn(io.stderr)
    },
    get isGone() {
      return isGone
    },
    write,
    document: (value) => write(`${safeJson(value)}\n`),
    hint(text) {
      if (!choice.quiet) problem(text)
    },
    problem,
  }
}

/** Did a write fail because the reader has gone (`| head`)? That is not an error. */
function isReaderGone(error: unknown): boolean {
  return goneCodes.has((error as NodeJS.ErrnoException | null)?.code ?? '')
}

// Windows reports EOF for EPIPE. A stream that one of the first three destroys reports the last.
const goneCodes = new Set(['EPIPE', 'EOF', 'ECONNRESET', 'ERR_STREAM_DESTROYED'])

/** The streams are tested last: Node creates each when it is first read, which takes time. */
function canAsk(io: Io, { input, json }: OutputChoice): boolean {
  return input && !json && !isSet(io.env.CI) && io.stdin.isTTY === true && io.stderr.isTTY === true
}

function wantsColor(stream: NodeJS.WriteStream, env: Io['env'], { color }: OutputChoice): boolean {
  if (!color) return false
  if (env.FORCE_COLOR) return isSet(env.FORCE_COLOR)
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
}

function drawsUnicode(env: Io['env']): boolean {
  if (env.TERM === 'dumb') return false
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG
  // Containers and Windows set no locale, and their terminals use UTF-8.
  return !locale || /utf-?8/i.test(locale)
}

/** Whether a switch in the environment is on. */
export function isSet(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value.toLowerCase())
}

function positive(value: string | number | undefined): number | undefined {
  const number = Number(value)
  return Number.isInteger(number) && number > 0 ? number : undefined
}
