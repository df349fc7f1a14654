/** The signals that interrupt a run. */
export interface Interruption {
  /** Whether the first signal has arrived. */
  readonly hasCome: boolean
  /** Functions to call on the first signal; remove a function that is no longer needed. */
  readonly listeners: Set<() => void>
  /**
   * Aborted on the first signal. Created on first use, because a run in the daemon does not need
   * it.
   */
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
  const listeners = new Set<() => void>()
  let controller: AbortController | undefined
  let hasCome = false
  let hasComeTwice = false
  let exitCode = 130
  // Not `once`: inquirer, and the lock of the embedded server, end the program on a signal that has
  // no other listener.
  const onSignal = (signal: NodeJS.Signals) => {
    if (hasCome) {
      const isFirstRepeat = !hasComeTwice
      hasComeTwice = true
      if (isFirstRepeat && controller && passOnSecondSignal(controller.signal)) return
      stopListening()
      process.kill(process.pid, signal)
      return
    }
    hasCome = true
    exitCode = signal === 'SIGTERM' ? 143 : 130
    for (const listener of listeners) listener()
  }
  const stopListening = () => {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  return {
    listeners,
    get hasCome() {
      return hasCome
    },
    get signal() {
      controller ??= controllerOf({ listeners, hasCome })
      return controller.signal
    },
    get exitCode() {
      return exitCode
    },
    stopListening,
  }
}

function controllerOf({ listeners, hasCome }: Pick<Interruption, 'listeners' | 'hasCome'>) {
  const controller = new AbortController()
  const abort = () => controller.abort()
  if (hasCome) abort()
  else listeners.add(abort)
  return controller
}
