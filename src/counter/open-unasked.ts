import { keepFromWaiting } from './rush.js'
import { type SpawnOptions, spawnCounter } from './spawn-counter.js'

/** Opens a counter for which nobody has asked, and which nobody need know of. */
export function openUnasked(options: Omit<SpawnOptions, 'stdio'>): void {
  const giveUp = () => keepFromWaiting(options.path)
  try {
    spawnCounter({ ...options, stdio: ['ignore', 'ignore', 'ignore'] })
      .once('error', giveUp)
      .once('exit', giveUp)
      .unref()
  } catch {
    giveUp()
  }
}
