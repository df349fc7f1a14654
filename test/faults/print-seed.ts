import { stderr } from 'node:process'
import { seed } from '../support/dice.js'

/** Whatever fails must be had again. */
export function setup(): void {
  stderr.write(`\nseed ${seed}; the same again: npm run test:faults -- --seed ${seed}\n`)
}
