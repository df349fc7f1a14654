import { emitKeypressEvents, type Interface } from 'node:readline'
import { hasExit, TicketsError } from '../../shared/errors.js'
import { safeText } from '../../shared/safe-text.js'
import type { Output } from '../io.js'

/** Where questions are asked, and what ends them. */
export interface Asking {
  output: Output
  /** Ends the question when it aborts: its reason is thrown. */
  signal?: AbortSignal | undefined
  /** The sentence that ends the error when there is no answer: 'Nothing was booked.' */
  unchanged: string
}

/** The streams of a prompt, and the signal that ends it. */
export interface PromptContext {
  input: NodeJS.ReadStream
  output: NodeJS.WriteStream
  signal: AbortSignal
}

/**
 * Runs one prompt on stdin and stderr; calling `fail` ends it with an error. Throws INTERRUPTED at
 * Ctrl-C and when the signal aborts without another reason, INPUT_REQUIRED when there is no
 * terminal or the input ends, the signal's reason, and the error passed to `fail`.
 */
export async function withPrompt<Answer>(
  { output, signal, unchanged }: Asking,
  prompt: (context: PromptContext, fail: (error: unknown) => void) => Promise<Answer>,
): Promise<Answer> {
  if (!output.canPrompt) {
    throw new TicketsError('INPUT_REQUIRED', `There is no terminal to ask on. ${unchanged}`)
  }
  const { stdin, stderr } = output.io
  shortenEscapeTimeout(stdin)
  const ending = new AbortController()
  const fail = (error: unknown) => ending.abort(error)
  const any = AbortSignal.any(signal ? [signal, ending.signal] : [ending.signal])
  const stopWatching = onInputEnd(stdin, () => {
    fail(new TicketsError('INPUT_REQUIRED', `The input ended before the answer. ${unchanged}`))
  })
  try {
    stdin.ref()
    return await prompt({ input: stdin, output: stderr, signal: any }, fail)
  } catch (error) {
    const reason: unknown = any.aborted ? any.reason : error
    if (!isInterruption(reason)) throw reason
    throw new TicketsError('INTERRUPTED', `Interrupted. ${unchanged}`, { cause: reason })
  } finally {
    stopWatching()
    // A check that is still running when its question ends makes inquirer resume stdin, which then
    // keeps the program from ending.
    stdin.unref()
  }
}

/**
 * A check for inquirer's `validate`: returns the sentence of the error, and inquirer asks again. An
 * error that no other answer can fix ends the question.
 */
export function checkedBy<Answer>(
  check: (answer: Answer) => unknown,
  fail: (error: unknown) => void,
): (answer: Answer) => Promise<true | string> {
  return async (answer) => {
    try {
      await check(answer)
      return true
    } catch (error) {
      if (hasExit(error, 'usage', 'notFound', 'refused')) return safeText(error.message)
      fail(error)
      return ''
    }
  }
}

/** Whether it is inquirer's error at Ctrl-C, or the default reason of an aborted signal. */
function isInterruption(reason: unknown): boolean {
  // By name, since two copies of inquirer have two classes.
  return reason instanceof Error && ['ExitPromptError', 'AbortError'].includes(reason.name)
}

// Only a pause distinguishes Escape from the first byte of an arrow key. Readline waits half a
// second unless keypress events were set up with a shorter time before its first interface.
function shortenEscapeTimeout(stdin: NodeJS.ReadStream): void {
  emitKeypressEvents(stdin, { escapeCodeTimeout: 100 } as unknown as Interface)
}

// Readline closes at Ctrl-D and at the end of stdin, but inquirer keeps waiting, and with nothing
// left to wait for the program would end with status 0. In both cases stdin is paused and has left
// raw mode. Ctrl-Z pauses it too, but raw mode is back when the program continues.
function onInputEnd(stdin: NodeJS.ReadStream, end: () => void): () => void {
  let isWatching = true
  const check = () =>
    setImmediate(() => {
      if (!isWatching) return
      if (stdin.isRaw) stdin.resume()
      else end()
    })
  stdin.on('pause', check).on('end', end).on('close', end)
  return () => {
    isWatching = false
    stdin.off('pause', check).off('end', end).off('close', end)
  }
}
