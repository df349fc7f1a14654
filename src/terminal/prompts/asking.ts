import { emitKeypressEvents, type Interface } from 'node:readline'
import { errorCodes, TicketsError } from '../../shared/errors.js'
import { safeText } from '../../shared/safe-text.js'
import type { Output } from '../io.js'

/** On whose behalf a question is asked. */
export interface Asking {
  output: Output
  /** Ends the question; its reason is what is thrown. */
  signal?: AbortSignal | undefined
  /** What has not happened if nobody answers; default: 'Nothing was booked.' */
  unchanged?: string
}

/** What a prompt needs to know, and `fail`, by which a question ends with an error. */
export interface PromptContext {
  input: NodeJS.ReadStream
  output: NodeJS.WriteStream
  signal: AbortSignal
}

/**
 * Runs one prompt on stdin and stderr. Throws INTERRUPTED at Ctrl-C and when the signal aborts
 * without a reason of its own, INPUT_REQUIRED when there is no terminal or the input ends, the
 * signal's reason, and what `fail` was given.
 */
export async function withPrompt<Answer>(
  { output, signal, unchanged = 'Nothing was booked.' }: Asking,
  prompt: (context: PromptContext, fail: (error: unknown) => void) => Promise<Answer>,
): Promise<Answer> {
  if (!output.canPrompt) {
    throw new TicketsError('INPUT_REQUIRED', `There is no terminal to ask on. ${unchanged}`)
  }
  const { stdin, stderr } = output.io
  hearEscapeSoon(stdin)
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
    // A check that outlives its question makes inquirer resume stdin, which would then keep the
    // program from ending.
    stdin.unref()
  }
}

/**
 * A check for inquirer's `validate`: the sentence of what is wrong with the answer, so that it is
 * asked again. An error that no other answer can mend ends the question.
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
      if (error instanceof TicketsError && isMendable(error)) {
        return safeText(error.message)
      }
      fail(error)
      return ''
    }
  }
}

// Bad input, not found, refused: another answer may do.
function isMendable({ code }: TicketsError): boolean {
  return [2, 3, 4].includes(errorCodes[code].exit)
}

/** Ctrl-C as inquirer tells of it, or a signal that says no more than that it was aborted. */
function isInterruption(reason: unknown): boolean {
  // By name: two copies of inquirer have two classes.
  return reason instanceof Error && ['ExitPromptError', 'AbortError'].includes(reason.name)
}

// Escape alone is told from the beginning of an arrow key by waiting; readline would wait for half
// a second. Whoever comes first decides, so it must be done before the first prompt.
function hearEscapeSoon(stdin: NodeJS.ReadStream): void {
  emitKeypressEvents(stdin, { escapeCodeTimeout: 100 } as unknown as Interface)
}

// Readline closes at Ctrl-D and at the end of stdin, and inquirer then waits for ever, on nothing:
// the program would end with status 0. Both pause stdin and leave raw mode; Ctrl-Z pauses it too,
// but is back in raw mode when the program goes on.
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
