import { createHash } from 'node:crypto'
import { env } from 'node:process'

/** The seed of all random choices in the fault tests. */
export const seed = Number(env.TICKETS_FAULTS_SEED ?? 1)

/** Random choices that can be repeated. */
export interface Dice {
  /** A number from `from` up to, but not including, `to`. */
  between(from: number, to: number): number
  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number
  pick<T>(choices: readonly T[]): T
}

/** The same seed and name give the same choices (Mulberry32). */
export function diceFor(name: string, ownSeed: number = seed): Dice {
  let state = createHash('sha256').update(`${ownSeed} ${name}`).digest().readUInt32LE()
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (from: number, to: number) => from + next() * (to - from)
  const whole = (from: number, to: number) => Math.floor(between(from, to + 1))
  return { between, whole, pick: (choices) => choices[whole(0, choices.length - 1)]! }
}
