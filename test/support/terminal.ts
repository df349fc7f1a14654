import { constants } from 'node:os'
import { type IPty, spawn } from '@lydell/node-pty'
import xterm from '@xterm/headless'
import { bareEnvironment } from './cli.js'

export interface TerminalOptions {
  /** Default: 80. */
  cols?: number
  /** Default: 24. */
  rows?: number
  /** Added to a clean environment; `undefined` removes a variable. */
  env?: Record<string, string | undefined>
  cwd?: string
}

export interface Exit {
  /** The exit code, or null if a signal ended the program. */
  code: number | null
  signal: NodeJS.Signals | null
}

/** A program in a pseudo-terminal, and the screen that it draws. */
export interface TestTerminal {
  /** The terminal emulator, for the cells and colours of the screen. */
  readonly xterm: xterm.Terminal
  /** Resolves when the program has ended and all its output is on the screen. */
  readonly exit: Promise<Exit>
  type(text: string): void
  press(key: Key): void
  /** The visible rows, without trailing spaces and empty last rows. */
  screen(): string
  /** The same, with the rows that have scrolled off the screen. */
  history(): string
  /** The raw output of the program. */
  written(): string
  /** Waits until the screen shows the text; fails with the screen if it does not in time. */
  waitFor(expected: string | RegExp): Promise<void>
  resize(cols: number, rows: number): void
  /** Sends a signal to the program. */
  kill(signal: NodeJS.Signals): void
  /** Kills the program if it still runs. */
  close(): Promise<void>
}

/** Less than the time limit of a test, whose failure would not show the screen. */
const LONGEST_MS = 60_000

const keys = {
  enter: '\r',
  tab: '\t',
  escape: '\u001b',
  backspace: '\u007f',
  up: '\u001b[A',
  down: '\u001b[B',
  right: '\u001b[C',
  left: '\u001b[D',
  'ctrl-c': '\u0003',
  'ctrl-d': '\u0004',
  'ctrl-u': '\u0015',
  'ctrl-z': '\u001a',
} as const

export type Key = keyof typeof keys

/** Starts a program in its own terminal. */
export function openTerminal(
  command: string,
  args: string[],
  { cols = 80, rows = 24, env, cwd }: TerminalOptions = {},
): TestTerminal {
  const environment = cleanEnvironment(env)
  const place = { name: environment.TERM!, ...(cwd !== undefined && { cwd }) }
  const pty = spawn(command, args, { ...place, cols, rows, env: environment })
  return new PtyTerminal(pty, cols, rows)
}

/**
 * Runs a program in a terminal until it ends, and returns all lines that it wrote, including those
 * that scrolled off. The terminal outlives the program; otherwise, the last kilobytes of output may
 * be lost.
 */
export async function linesInTerminal(
  command: string,
  args: string[],
  options: TerminalOptions = {},
): Promise<string[]> {
  const script = `"$@"; printf '${END}'; read _`
  const terminal = openTerminal('sh', ['-c', script, 'sh', command, ...args], options)
  try {
    await terminal.waitFor(END)
    return terminal.history().slice(0, -END.length).trimEnd().split('\n')
  } finally {
    await terminal.close()
  }
}

const END = '(end of the program)'

class PtyTerminal implements TestTerminal {
  readonly xterm: xterm.Terminal
  readonly exit: Promise<Exit>
  readonly #pty: IPty
  readonly #watchers = new Set<() => void>()
  #drawn: Promise<void> = Promise.resolve()
  #hasEnded = false
  #written = ''

  constructor(pty: IPty, cols: number, rows: number) {
    this.#pty = pty
    this.xterm = new xterm.Terminal({ cols, rows, scrollback: 20_000, allowProposedApi: true })
    // The emulator answers the program's queries, such as the position of the cursor.
    this.xterm.onData((answer) => pty.write(answer))
    pty.onData((data) => {
      this.#written += data
      this.#drawn = new Promise((resolve) => this.xterm.write(data, resolve))
      void this.#drawn.then(() => this.#notify())
    })
    this.exit = new Promise((resolve) => {
      pty.onExit(({ exitCode, signal }) => {
        void this.#drawn.then(() => {
          this.#hasEnded = true
          resolve(exitOf(exitCode, signal))
          this.#notify()
        })
      })
    })
  }

  type(text: string): void {
    this.#pty.write(text)
  }

  press(key: Key): void {
    this.#pty.write(keys[key])
  }

  screen(): string {
    return this.#lines(this.xterm.buffer.active.viewportY)
  }

  history(): string {
    return this.#lines(0)
  }

  written(): string {
    return this.#written
  }

  waitFor(expected: string | RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error) => {
        clearTimeout(timer)
        this.#watchers.delete(check)
        if (error) reject(error)
        else resolve()
      }
      const check = () => {
        if (isShown(this.screen(), expected)) settle()
        else if (this.#hasEnded) settle(this.#neverShown(expected, 'the program ended'))
      }
      const timer = setTimeout(
        () => settle(this.#neverShown(expected, `${LONGEST_MS} ms passed`)),
        LONGEST_MS,
      )
      this.#watchers.add(check)
      check()
    })
  }

  resize(cols: number, rows: number): void {
    this.xterm.resize(cols, rows)
    this.#pty.resize(cols, rows)
  }

  kill(signal: NodeJS.Signals): void {
    this.#pty.kill(signal)
  }

  async close(): Promise<void> {
    if (!this.#hasEnded) this.kill('SIGKILL')
    await this.exit
    this.xterm.dispose()
  }

  #notify(): void {
    for (const check of [...this.#watchers]) check()
  }

  #lines(from: number): string {
    const buffer = this.xterm.buffer.active
    const lines = Array.from({ length: buffer.length - from }, (_, index) =>
      (buffer.getLine(from + index)?.translateToString(true) ?? '').trimEnd(),
    )
    return lines.join('\n').trimEnd()
  }

  #neverShown(expected: string | RegExp, reason: string): Error {
    return new Error(`The screen never showed ${expected}: ${reason}.\n\n${this.screen()}`)
  }
}

function isShown(screen: string, expected: string | RegExp): boolean {
  return typeof expected === 'string' ? screen.includes(expected) : expected.test(screen)
}

function exitOf(exitCode: number, signal: number | undefined): Exit {
  if (!signal) return { code: exitCode, signal: null }
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0]
  return { code: null, signal: (name ?? null) as NodeJS.Signals | null }
}

// Do not pass on CI, NO_COLOR or COLUMNS from the environment of the tests.
function cleanEnvironment(extra: TerminalOptions['env']): Record<string, string> {
  const { HOME, TMPDIR } = process.env
  const own = { HOME, TMPDIR, TERM: 'xterm-256color', LANG: 'C.UTF-8' }
  const all = { ...bareEnvironment, ...own, ...extra }
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
