import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Waits until the claim is true; the test's time-out bounds it. Looks every 20 ms after the first few
 * milliseconds: a look is often a query, and takes processor time from what it waits for.
 */
export async function until(claim: () => boolean | Promise<boolean>): Promise<void> {
  for (let ms = 2; !(await claim()); ms = Math.min(ms * 2, 20)) await sleep(ms)
}
