import { parseDuration } from '../../../shared/duration.js'
import type { Declaration } from '../../declaration.js'

export const counterCommand: Declaration = {
  name: 'counter',
  about: 'an open counter: what scripts book goes through one warm process',
  arguments: {
    '<action>': { about: 'what to do', choices: ['status', 'start', 'stop', 'run'] },
  },
  options: {
    '--idle <duration>': {
      about: 'close this long after the last order (default: stay open)',
      parse: parseDuration,
    },
    '--server <directory>': { about: 'close with this embedded server', isHidden: true },
  },
  examples: ['tickets counter start', 'tickets counter status', 'tickets counter stop'],
  exits: [0, 2],
  run: async (run) => ({ run: (await import('../../../commands/counter.js')).counterCommand(run) }),
}
