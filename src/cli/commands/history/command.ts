import type { Declaration } from '../../declaration.js'
import { anyShow, dateOption, outputOption, READ_EXITS } from '../../parameters.js'

export const historyCommand: Declaration = {
  name: 'history',
  about: 'what happened to a show, a seat or a booking, and by whom',
  options: {
    '--show <show>': anyShow,
    ...dateOption,
    '--seat <seat>': {
      about: 'with --show: only what happened to this seat',
      completes: { seats: 'any' },
    },
    '--booking <booking>': {
      about: 'only what happened to this booking',
      completes: { bookings: 'any' },
    },
    ...outputOption,
  },
  examples: [
    'tickets history --show Hamlet --seat A12',
    'tickets history --booking K7Q2-9FMX',
    'tickets history --show Hamlet -o csv > history.csv',
  ],
  exits: READ_EXITS,
  run: () => import('./history.js'),
}
