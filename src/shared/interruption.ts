/** The signals that interrupt a run. */
export interface Interruption {
  /** Whether the first signal has arrived. */
  readonly hasCome: boolean
  /** Whether the second signal has arrived. */
  readonly hasComeTwice: boolean
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

const HURRY = 'hurry'

/**
 * Calls `end` on the second signal, after the abort. `end` must end the run at once, and returns
 * whether the run still reports how it ended; otherwise the signal ends the process.
 */
export function onHurry(signal: AbortSignal, end: () => boolean): void {
  signal.addEventListener(HURRY, (event) => {
    if (end()) event.preventDefault()
  })
}

/** Ends what waits although the signal is aborted; returns whether the run reports how it ended. */
export function hurry(signal: AbortSignal): boolean {
  return !signal.dispatchEvent(new Event(HURRY, { cancelable: true }))
}

/**
 * Reports the first SIGINT or SIGTERM, so that the program can roll back before it ends. The second
 * one ends the program at once, as without a handler, unless a COMMIT has no answer yet (`onHurry`).
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
      if (isFirstRepeat && controller && hurry(controller.signal)) return
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
    get hasComeTwice() {
      return hasComeTwice
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
