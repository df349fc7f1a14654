import type { Declaration } from '../../declaration.js'
import { dateOption } from '../../parameters.js'

export const stressCommand: Declaration = {
  name: 'stress',
  about: 'fire parallel bookings at a throwaway show, and verify',
  arguments: {
    '[show]': {
      about: 'one of your own shows instead, by id or name',
      completes: { shows: 'upcoming' },
    },
  },
  options: {
    ...dateOption,
    '--bookings <n>': 'how many bookings (default: 300)',
    '--processes <n>': 'how many processes at a time (default: 50)',
    '--seats-per-booking <range>': 'how many seats each wants (default: 1..4)',
    '--in-process': 'book in this process instead of starting others',
    '--daemon': 'send every booking through the open daemon',
    '--concurrency <n>': 'callers of --in-process (default: 256)',
    '--total-seats <n>': 'seats in all (default: one for each booking)',
    '--seed <n>': 'ask for the same seats as an earlier run',
    '-y, --yes': 'book a named show without asking',
  },
  examples: [
    'tickets stress --bookings 40 --processes 8',
    'tickets stress --in-process --bookings 500 --total-seats 200',
  ],
  exits: [0, 2, 3, 4, 5, 6, 7],
  unchanged: 'Nothing was booked.',
  run: () => import('./stress.js'),
}
