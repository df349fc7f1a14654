import { randomFillSync } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'

const pool = Buffer.alloc(4096)
let used = pool.length

/** Bytes that nobody can guess; at most 4,096. */
export function randomBytes(count: number): Buffer {
  if (used + count > pool.length) {
    refill()
    used = 0
  }
  const bytes = Buffer.from(pool.subarray(used, used + count))
  used += count
  return bytes
}

/**
 * From the kernel's generator, which node:crypto is seeded by too: loading that takes a twentieth
 * of a whole `tickets book`, and asking it for each id and reference as much of a busy sale.
 */
function refill(): void {
  try {
    const device = openSync('/dev/urandom', 'r')
    try {
      if (readSync(device, pool) === pool.length) return
    } finally {
      closeSync(device)
    }
  } catch {
    // Not every system has it.
  }
  randomFillSync(pool)
}
