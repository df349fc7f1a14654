import type { Declaration } from '../../declaration.js'
import { anyShow, dateOption } from '../../parameters.js'

export const verifyCommand: Declaration = {
  name: 'verify',
  about: 'prove that nothing is oversold or lost',
  arguments: { '[show]': anyShow },
  options: {
    ...dateOption,
    '--against <file>': {
      about: "also compare the answers of book --json in this file; '-' is stdin",
      completes: 'files',
    },
    '--repair': 'mark abandoned bookings FAILED; move sequences that are behind',
    '--dry-run': 'with --repair: only report what it would do',
    '-y, --yes': 'repair without asking',
  },
  examples: ['tickets verify', 'tickets verify Hamlet --json', 'tickets verify --repair -y'],
  exits: [0, 2, 3, 5, 6, 7],
  needsData: true,
  unchanged: 'Nothing was repaired.',
  run: () => import('./verify.js'),
}
