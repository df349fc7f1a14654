/** The signals that interrupt a run. */
export interface Interruption {
  /** Aborted on the first signal. */
  readonly signal: AbortSignal
  /** The exit code of an interrupted run: 130, or 143 after SIGTERM. */
  readonly exitCode: number
  stopListening(): void
}

const SECOND_SIGNAL = 'second signal'

/**
 * Calls `end` on the second signal, after the abort. `end` must end the run at once, and returns
 * whether the run still reports how it ended; otherwise the signal ends the process.
 */
export function onSecondSignal(signal: AbortSignal, end: () => boolean): void {
  signal.addEventListener(SECOND_SIGNAL, (event) => {
    if (end()) event.preventDefault()
  })
}

/**
 * Passes the second signal on. Returns whether the run still reports how it ended; if not, the signal
 * ends the process.
 */
export function passOnSecondSignal(signal: AbortSignal): boolean {
  return !signal.dispatchEvent(new Event(SECOND_SIGNAL, { cancelable: true }))
}

/**
 * Reports the first SIGINT or SIGTERM, so that the program can roll back before it ends. The second
 * one ends the program at once, as without a handler, unless a COMMIT has no answer yet (`onSecondSignal`).
 */
export function listenForSignals(): Interruption {
  const controller = new AbortController()
  const { signal } = controller
  let hasComeTwice = false
  let exitCode = 130
  // Not `once`: inquirer, and the lock of the embedded server, end the program on a signal that has
  // no other listener.
  const onSignal = (name: NodeJS.Signals) => {
    if (!signal.aborted) {
      exitCode = name === 'SIGTERM' ? 143 : 130
      return controller.abort()
    }
    const isSecond = !hasComeTwice
    hasComeTwice = true
    if (isSecond && passOnSecondSignal(signal)) return
    stopListening()
    process.kill(process.pid, name)
  }
  const stopListening = () => {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  return {
    signal,
    get exitCode() {
      return exitCode
    },
    stopListening,
  }
}
