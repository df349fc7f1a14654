/**
 * How much longer than `--wait` a command or a request may take, in milliseconds: the time for the
 * answers that are still under way, such as COMMIT's. After an interruption, COMMIT's answer is
 * waited for as long.
 */
export const GRACE_MS = 5000

/**
 * Calls `act` after `ms` milliseconds, unless the returned function is called before. Reads first
 * what has arrived: this process itself may have been suspended for longer.
 */
export function afterMs(ms: number, act: () => void): () => void {
  let isCancelled = false
  const actUnlessCancelled = () => {
    if (!isCancelled) act()
  }
  const timer = setTimeout(() => setImmediate(actUnlessCancelled), ms)
  return () => {
    isCancelled = true
    clearTimeout(timer)
  }
}
