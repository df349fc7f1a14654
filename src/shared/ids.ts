import { random } from 'nanoid'
import { v7, validate } from 'uuid'
import { TicketsError } from './errors.js'

let latestMs = 0
let sequence = 0

/**
 * A new id for a booking (UUIDv7): those of one process are in the order in which they were made.
 *
 * Its bytes are from nanoid's pool: uuid by itself asks the system for each id, which takes four
 * times as long.
 */
export function newBookingId(): string {
  const now = Date.now()
  // 31 of its 32 bits are random, so that it does not overflow within a millisecond.
  sequence = now > latestMs ? Buffer.from(random(4)).readUInt32LE() >>> 1 : sequence + 1
  latestMs = Math.max(latestMs, now)
  return v7({ random: random(16), msecs: latestMs, seq: sequence })
}

/** An id that the caller has made. Throws INVALID_INPUT. */
export function checkBookingId(id: string): string {
  if (validate(id)) return id.toLowerCase()
  throw new TicketsError('INVALID_INPUT', 'The id of a booking is a UUID. Make one, or give none.')
}
