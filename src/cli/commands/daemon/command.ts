import type { Declaration } from '../../declaration.js'

export const daemonCommands: Declaration = {
  name: 'daemon',
  about: 'one warm process for scripted bookings',
  examples: ['tickets daemon start', 'tickets daemon status', 'tickets daemon stop'],
  exits: [0, 2, 5, 6],
  commands: [
    declared('start', 'start it for this database, in the background'),
    declared('stop', 'stop it, and wait until it has ended'),
    declared('status', 'show its state and counts'),
    declared('run', 'be the daemon that `start` starts', {
      isHidden: true,
      arguments: { '<link>': 'where clients find it' },
    }),
  ],
}

function declared(
  name: 'start' | 'stop' | 'status' | 'run',
  about: string,
  rest: Partial<Declaration> = { examples: [`tickets daemon ${name}`] },
): Declaration {
  const run: Declaration['run'] = async (program) => ({
    run: (await import('./daemon.js')).daemonHandlers(program)[name],
  })
  return { name, about, exits: [0, 2, 5, 6], run, ...rest }
}
