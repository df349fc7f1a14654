import { stderr } from 'node:process'
import { seed } from '../support/dice.js'

/** With the seed, a failure can be repeated. */
export function setup(): void {
  stderr.write(`\nseed ${seed}; the same again: npm run test:faults -- --seed ${seed}\n`)
}
