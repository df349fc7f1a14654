import { v7, validate } from 'uuid'
import { invalidInput } from './errors.js'
import { randomBytes } from './random.js'

let latestMs = 0
let sequence = 0

/** Returns a new booking id (UUIDv7). The ids of one process are in the order of their creation. */
export function newBookingId(): string {
  const now = Date.now()
  // Starts in the lower half of the range, so that it does not overflow within a millisecond.
  sequence = now > latestMs ? randomBytes(4).readUInt32LE() >>> 1 : sequence + 1
  latestMs = Math.max(latestMs, now)
  return v7({ random: randomBytes(16), msecs: latestMs, seq: sequence })
}

/** Whether a text is a whole id, in upper or lower case. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}

/** Checks an id that the caller made. Throws INVALID_INPUT. */
export function checkBookingId(id: string): string {
  if (validate(id)) return id.toLowerCase()
  throw invalidInput('The id of a booking must be a UUID. Generate one, or leave it out.')
}
