import { parseDuration } from '../../../shared/duration.js'
import { TicketsError } from '../../../shared/errors.js'
import type { Declaration, Parameter } from '../../declaration.js'
import type { Run } from '../../run.js'

const idle: Record<string, Parameter> = {
  '--idle <duration>': { about: 'end after this time without a booking', parse: parseIdle },
}

export const daemonCommands: Declaration = {
  name: 'daemon',
  about: 'one warm process for scripted bookings',
  examples: ['tickets daemon start', 'tickets daemon status', 'tickets daemon stop'],
  exits: [0, 2, 5, 6],
  commands: [
    {
      name: 'start',
      about: 'start it for this database, in the background',
      options: idle,
      examples: ['tickets daemon start --idle 15m', 'tickets daemon stop'],
      exits: [0, 2, 5, 6],
      run: (run) => load('start', run),
    },
    {
      name: 'stop',
      about: 'stop it, and wait until it is gone',
      examples: ['tickets daemon stop'],
      exits: [0, 2, 5, 6, 130],
      run: (run) => load('stop', run),
    },
    {
      name: 'status',
      about: 'show whether it is open, and how much it served',
      examples: ['tickets daemon status', 'tickets daemon status --json'],
      exits: [0, 2, 6],
      run: (run) => load('status', run),
    },
    {
      name: 'run',
      isHidden: true,
      about: 'be the daemon that `start` starts',
      arguments: { '<link>': 'its place', '<database>': 'the database that it serves' },
      options: idle,
      run: (run) => load('run', run),
    },
  ],
}

async function load(name: 'start' | 'stop' | 'status' | 'run', run: Run) {
  const { daemonCommands } = await import('./daemon.js')
  return { run: daemonCommands(run)[name] }
}

/** Node's timers know no time beyond 2³¹ − 1 ms. */
function parseIdle(text: string): number {
  const idle = parseDuration(text)
  if (idle > 0 && idle < 2 ** 31) return idle
  throw new TicketsError('INVALID_INPUT', '--idle is from 1ms to 24d, like 15m.')
}
