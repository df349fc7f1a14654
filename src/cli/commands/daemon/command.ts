import { parseDuration } from '../../../shared/duration.js'
import { TicketsError } from '../../../shared/errors.js'
import type { Declaration } from '../../declaration.js'

const idleOption = {
  '--idle <duration>': { about: 'end after this time without a booking', parse: parseIdle },
}

export const daemonCommands: Declaration = {
  name: 'daemon',
  about: 'one warm process for scripted bookings',
  examples: ['tickets daemon start', 'tickets daemon status', 'tickets daemon stop'],
  exits: [0, 2, 5, 6],
  commands: [
    declared('start', 'start it for this database, in the background', {
      options: idleOption,
      examples: ['tickets daemon start --idle 15m', 'tickets daemon stop'],
    }),
    declared('stop', 'stop it, and wait until it is gone', { examples: ['tickets daemon stop'] }),
    declared('status', 'show its state and counts', { examples: ['tickets daemon status'] }),
    declared('run', 'be the daemon that `start` starts', {
      isHidden: true,
      arguments: { '<link>': 'where clients find it' },
      options: idleOption,
    }),
  ],
}

function declared(
  name: 'start' | 'stop' | 'status' | 'run',
  about: string,
  rest: Partial<Declaration>,
): Declaration {
  const run: Declaration['run'] = async (program) => ({
    run: (await import('./daemon.js')).daemonHandlers(program)[name],
  })
  return { name, about, exits: [0, 2, 5, 6], run, ...rest }
}

/** Node's timers know no time beyond 2³¹ − 1 ms. */
function parseIdle(text: string): number {
  const idle = parseDuration(text)
  if (idle > 0 && idle < 2 ** 31) return idle
  throw new TicketsError('INVALID_INPUT', '--idle is from 1ms to 24d, like 15m.')
}
