import { randomFillSync } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'

const POOL_BYTES = 4096
let pool: Buffer = Buffer.alloc(0)
let used = 0

/** Bytes that cannot be guessed; at most 4,096. Throws where the system has no source of them. */
export function randomBytes(count: number): Buffer {
  if (used + count > pool.length) refill()
  const bytes = pool.subarray(used, used + count)
  used += count
  return bytes
}

/** One of them. */
export function randomByte(): number {
  if (used === pool.length) refill()
  return pool[used++]!
}

function refill(): void {
  // A new buffer, as callers keep views of the last one. Where both sources fail, this throws and the
  // old pool stays used up, so that no id is made of zeros.
  pool = freshBytes()
  used = 0
}

/**
 * From the kernel's generator, which seeds node:crypto too. To load node:crypto takes a twentieth of
 * a whole `tickets book`, which is why nanoid, which loads it, does not make the references.
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
    // Not every system has it.
  }
  return randomFillSync(bytes)
}
