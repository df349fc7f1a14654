/** Signals that end a run before its time. */
export interface Interruption {
  /** Aborted by the first of them. */
  readonly signal: AbortSignal
  /** What a run that was interrupted exits with: 130, or 143 after SIGTERM. */
  readonly exitCode: number
  stopListening(): void
}

/**
 * Turns the first SIGINT or SIGTERM into an aborted signal, so that what is under way is rolled
 * back before the program ends. The second one ends it at once, as it would any program.
 */
export function listenForSignals(): Interruption {
  const controller = new AbortController()
  let exitCode = 130
  // Not `once`: inquirer, and the lock on the embedded server, end the program at a signal to which
  // only they listen.
  const onSignal = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      stopListening()
      process.kill(process.pid, signal)
      return
    }
    exitCode = signal === 'SIGTERM' ? 143 : 130
    controller.abort()
  }
  const stopListening = () => {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    stopListening,
  }
}
