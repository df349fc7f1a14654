import type { Declaration } from '../../declaration.js'

export const doctorCommand: Declaration = {
  name: 'doctor',
  about: 'check settings, server, rights and disk; changes no data',
  examples: [
    'tickets doctor --db embedded',
    'tickets doctor --json --wait 5s || echo "exit code $?"',
  ],
  exits: [0, 2, 7],
  run: () => import('./doctor.js'),
}
