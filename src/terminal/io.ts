import { safeJson } from '../shared/safe-text.js'
import { isReaderGone } from './reader-gone.js'

/** The streams and the environment of one run. */
export interface Io {
  stdin: NodeJS.ReadStream
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  env: Record<string, string | undefined>
}

/** What the global options ask for. `input` and `color` are true unless switched off. */
export interface OutputChoice {
  json: boolean
  quiet: boolean
  input: boolean
  color: boolean
}

/** The answer's way to stdout, and everything else's to stderr. */
export interface Output {
  readonly io: Io
  /** May a person be asked? stdin and stderr are terminals, and nobody forbade it. */
  readonly canPrompt: boolean
  /** The width to draw for: `COLUMNS`, else the terminal's as it is now, else 80. */
  readonly columns: number
  /** Is stdout a terminal? */
  readonly isTerminal: boolean
  readonly json: boolean
  readonly quiet: boolean
  readonly useColor: boolean
  readonly useErrorColor: boolean
  /** May signs beyond ASCII be drawn? Not under `TERM=dumb`, nor in a locale without UTF-8. */
  readonly unicode: boolean
  /** The reader of stdout has gone: whoever produces for it stops, quietly. */
  readonly isGone: boolean
  /**
   * Writes to stdout and waits until the text is on its way, so a slow reader slows the writer.
   * Resolves when the reader has gone; rejects when the text is lost otherwise (a full disk).
   */
  write(text: string): Promise<void>
  /** Writes one JSON document and a newline to stdout. */
  document(value: unknown): Promise<void>
  /** Writes a line for people to stderr, unless they asked for quiet. */
  hint(text: string): void
  /** Writes a line that must be seen to stderr. */
  problem(text: string): void
}

/**
 * Opens the streams of one run. Both get an `error` listener, since a reader that leaves
 * (`| head`) must end the program quietly and not with a stack trace.
 */
export function openOutput(io: Io, choice: OutputChoice): Output {
  return new StreamOutput(io, choice)
}

class StreamOutput implements Output {
  readonly io: Io
  readonly canPrompt: boolean
  readonly isTerminal: boolean
  readonly json: boolean
  readonly quiet: boolean
  readonly useColor: boolean
  readonly unicode: boolean
  readonly #choice: OutputChoice
  #isGone = false
  #errors: NodeJS.WriteStream | undefined
  #isErrorGone = false

  constructor(io: Io, choice: OutputChoice) {
    this.io = io
    this.json = choice.json
    this.quiet = choice.quiet
    this.isTerminal = io.stdout.isTTY === true
    this.canPrompt = canAsk(io, choice)
    this.useColor = wantsColor(io.stdout, io.env, choice)
    this.unicode = drawsUnicode(io.env)
    this.#choice = choice
    io.stdout.on('error', (error) => {
      if (isReaderGone(error)) this.#isGone = true
    })
  }

  get useErrorColor(): boolean {
    return wantsColor(this.io.stderr, this.io.env, this.#choice)
  }

  get columns(): number {
    return positive(this.io.env.COLUMNS) ?? positive(this.io.stdout.columns) ?? 80
  }

  get isGone(): boolean {
    return this.#isGone
  }

  write(text: string): Promise<void> {
    if (this.#isGone || text === '') return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.io.stdout.write(text, (error) => {
        if (error && !isReaderGone(error)) return reject(error)
        if (error) this.#isGone = true
        resolve()
      })
    })
  }

  document(value: unknown): Promise<void> {
    return this.write(`${safeJson(value)}\n`)
  }

  hint(text: string): void {
    if (!this.quiet) this.problem(text)
  }

  problem(text: string): void {
    // Not before there is something to say: Node makes the stream at the first look at it.
    this.#errors ??= this.io.stderr.on('error', () => {
      // Nobody is left to be told that stderr fails.
      this.#isErrorGone = true
    })
    if (!this.#isErrorGone) this.#errors.write(`${text}\n`)
  }
}

/** The streams come last: Node makes each at the first look at it, and that takes its time. */
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
  // No locale at all is a container's shell or Windows, whose terminals speak UTF-8.
  return !locale || /utf-?8/i.test(locale)
}

/** Is a switch in the environment on? */
export function isSet(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value.toLowerCase())
}

function positive(value: string | number | undefined): number | undefined {
  const number = Number(value)
  return Number.isInteger(number) && number > 0 ? number : undefined
}
