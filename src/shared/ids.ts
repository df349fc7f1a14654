import { v7, validate } from 'uuid'
import { TicketsError } from './errors.js'
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

/** An id that the caller has made. Throws INVALID_INPUT. */
export function checkBookingId(id: string): string {
  if (validate(id)) return id.toLowerCase()
  throw new TicketsError('INVALID_INPUT', 'The id of a booking is a UUID. Make one, or give none.')
}
