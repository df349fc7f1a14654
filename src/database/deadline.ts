import { afterMs, GRACE_MS } from '../shared/grace.js'

/** When a call stops waiting and retrying, by `performance.now()`. It ends soon after that. */
export interface Deadline {
  at: number
}

/** The part of the grace that is for the server's answers; the rest is to report them. */
export const ANSWER_GRACE_MS = GRACE_MS - 1000

/** Whether the deadline and the grace after it are over, so that the caller has got an answer. */
export function isLongOver({ at }: Deadline): boolean {
  return performance.now() > at + ANSWER_GRACE_MS
}

/**
 * Resolves like `answer`, but rejects when the deadline and the grace are over. What `answer` waits
 * for goes on, so it must not commit anything then (`isLongOver`).
 */
export async function untilLongOver<T>({ at }: Deadline, answer: Promise<T>): Promise<T> {
  let cancel = () => {}
  const over = new Promise<never>((_resolve, reject) => {
    cancel = afterMs(at + ANSWER_GRACE_MS - performance.now(), () => reject(noAnswer()))
  })
  try {
    return await Promise.race([answer, over])
  } finally {
    cancel()
  }
}

/** Has the shape of the network's own timeout, which comes only after minutes. */
export function noAnswer(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })
}
