/** Signals that end a run before its time. */
export interface Interruption {
  /** Whether the first of them has come. */
  readonly hasCome: boolean
  /** Whoever is to hear of it; to be left by who need not hear any more. */
  readonly listeners: Set<() => void>
  /** Aborted by it. Made when it is asked for: a run in the daemon does without. */
  readonly signal: AbortSignal
  /** What a run that was interrupted exits with: 130, or 143 after SIGTERM. */
  readonly exitCode: number
  stopListening(): void
}

/**
 * Tells of the first SIGINT or SIGTERM, so that what is under way is rolled back before the program
 * ends. The second one ends it at once, as it would any program.
 */
export function listenForSignals(): Interruption {
  const listeners = new Set<() => void>()
  let controller: AbortController | undefined
  let hasCome = false
  let exitCode = 130
  // Not `once`: inquirer, and the lock on the embedded server, end the program at a signal to which
  // only they listen.
  const onSignal = (signal: NodeJS.Signals) => {
    if (hasCome) {
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
