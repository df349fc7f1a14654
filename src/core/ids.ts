import { v7 } from 'uuid'
import { randomBytes } from './random.js'

let latestMs = 0
let sequence = 0

/** A new id for a booking (UUIDv7): those of one process are in the order in which they were made. */
export function newBookingId(): string {
  const now = Date.now()
  // Half of what there is, so that it does not overflow within a millisecond.
  sequence = now > latestMs ? randomBytes(4).readUInt32LE() >>> 1 : sequence + 1
  latestMs = Math.max(latestMs, now)
  return v7({ random: randomBytes(16), msecs: latestMs, seq: sequence })
}
