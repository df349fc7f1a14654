import type { Declaration } from '../../declaration.js'
import { CHANGE_EXITS, dateOption, upcomingShow } from '../../parameters.js'

export const bookCommand: Declaration = {
  name: 'book',
  about: 'book seats; asks for what is missing',
  arguments: { '[show]': upcomingShow },
  options: {
    ...dateOption,
    '--seats <spec>': {
      about: 'these seats: 1,2,5-8 or A1-A4,B3',
      completes: { seats: 'free' },
    },
    '--count <n>': 'the best N free seats',
    '--section <name>': {
      about: 'with --count: in this section',
      completes: 'sections',
    },
    '--accessible': 'with --count: a wheelchair place, and seats beside it',
    '--include-accessible': {
      about: 'with --count: wheelchair places too, if nothing else is left',
      // The refusal that it overrides names it.
      isHidden: true,
    },
    '--customer <name>': 'name of the customer',
    '--note <text>': 'a note for the box office',
    '--key <key>': 'makes a retry safe: the same key books once',
    '--hold <duration>': "hold instead of selling: 15m, 2h, or 'forever'",
    '--file <file>': {
      about: "bookings from CSV with a header, or NDJSON; '-' is stdin",
      completes: 'files',
    },
    '--atomic': 'with --file: book all rows or none',
    '--dry-run': 'check everything, book nothing',
    '-y, --yes': 'do not ask for confirmation',
  },
  examples: ['tickets book Hamlet --date 2031-03-01 --seats B1-B4 --customer "Ada Lovelace"'],
  exits: CHANGE_EXITS,
  makesOneChange: true,
  unchanged: 'Nothing was booked.',
  run: () => import('./book.js'),
}
