import type { Declaration } from '../../declaration.js'

export const demoCommand: Declaration = {
  name: 'demo',
  about: 'create a throwaway show, sell it out in parallel, and verify it',
  examples: ['tickets demo'],
  exits: [0, 2, 5, 6, 7],
  run: () => import('./demo.js'),
}
