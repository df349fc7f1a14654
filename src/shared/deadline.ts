import type { Socket } from 'node:net'

/**
 * How much longer than `--wait` a command or a request may take, in milliseconds: the time for the
 * answers that are still under way, such as COMMIT's. After an interruption, the program waits this
 * long for the answer to COMMIT.
 */
export const GRACE_MS = 5000

/** The part of the grace that is for the server's answers; the rest is to report them. */
export const ANSWER_GRACE_MS = GRACE_MS - 1000

/** When a call stops waiting and retrying, by `performance.now()`. It ends soon after that. */
export interface Deadline {
  at: number
}

/** Whether the deadline and the grace after it are over, so that the caller has got an answer. */
export function isLongOver({ at }: Deadline): boolean {
  return performance.now() > at + ANSWER_GRACE_MS
}

/**
 * Resolves like `answer`, but rejects when the deadline and the grace are over. What `answer` waits
 * for goes on, so it must not commit anything then (`isLongOver`).
 */
export function untilLongOver<T>({ at }: Deadline, answer: Promise<T>): Promise<T> {
  return within(at + ANSWER_GRACE_MS - performance.now(), answer, noAnswer)
}

/** Has the shape of the network's own timeout, which comes only after minutes. */
export function noAnswer(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })
}

/**
 * Resolves like `answer`, but rejects with what `late` makes when `ms` milliseconds are over. What
 * `answer` waits for goes on.
 */
export async function within<T>(ms: number, answer: Promise<T>, late: () => Error): Promise<T> {
  let cancel = () => {}
  const over = new Promise<never>((_resolve, reject) => {
    cancel = afterMs(ms, () => reject(late()))
  })
  try {
    return await Promise.race([answer, over])
  } finally {
    cancel()
  }
}

/**
 * Calls `act` after `ms` milliseconds and a look at what has arrived (`afterReading`), unless the
 * returned function is called before.
 */
export function afterMs(ms: number, act: (hasRead: boolean) => void, socket?: Socket): () => void {
  let isCancelled = false
  const actUnlessCancelled = (hasRead: boolean) => {
    if (!isCancelled) act(hasRead)
  }
  const timer = setTimeout(() => afterReading(actUnlessCancelled, socket), ms)
  return () => {
    isCancelled = true
    clearTimeout(timer)
  }
}

/**
 * Reads what has arrived, then calls `act` with whether anything came through `socket`. A time limit
 * may be over only because this process itself was suspended; the answer is then here, unread.
 */
export function afterReading(act: (hasRead: boolean) => void, socket?: Socket): void {
  const before = socket?.bytesRead
  setImmediate(() => act(socket?.bytesRead !== before))
}
