import { randomFillSync } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'

const POOL_BYTES = 4096
let pool: Buffer = Buffer.alloc(0)
let used = 0

/** Bytes that nobody can guess; at most 4,096. */
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
  // Another one: whoever has bytes of the last one has no copy of them.
  pool = freshBytes()
  used = 0
}

/**
 * From the kernel's generator, which node:crypto is seeded by too: loading that takes a twentieth
 * of a whole `tickets book`, and asking it for each id and reference as much of a busy sale.
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
