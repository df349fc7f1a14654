import { randomFillSync } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'

const POOL_BYTES = 4096
let pool: Buffer = Buffer.alloc(0)
let used = 0

/** Unpredictable bytes; at most 4,096. Throws if the system has no source of them. */
export function randomBytes(count: number): Buffer {
  if (used + count > pool.length) refill()
  const bytes = pool.subarray(used, used + count)
  used += count
  return bytes
}

/** One unpredictable byte. */
export function randomByte(): number {
  if (used === pool.length) refill()
  return pool[used++]!
}

function refill(): void {
  // A new buffer, because callers keep views of the last one. If both sources fail, this throws and
  // the old pool stays used up, so no id consists of zeros.
  pool = freshBytes()
  used = 0
}

/**
 * Reads the kernel's generator, which also seeds node:crypto. Loading node:crypto takes a twentieth
 * of a whole `tickets book`; nanoid loads it, so nanoid does not make the references.
 */
function freshBytes(): Buffer {
  const bytes = Buffer.alloc(POOL_BYTES)
  try {
    const device = openSync('/dev/urandom', 'r')
    try {
      if (readSync(device, bytes) === bytes.length) return bytes
    } finally {
      closeSync(device)
    }
  } catch {
    // Some systems do not have it.
  }
  return randomFillSync(bytes)
}
