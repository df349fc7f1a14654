import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until the claim is true, looking every few milliseconds; the test's time-out bounds it. */
export async function until(claim: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await claim())) await sleep(5)
}
