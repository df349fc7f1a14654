import type { Declaration } from '../../declaration.js'

export const dbCommands: Declaration = {
  name: 'db',
  about: 'the embedded server: state, start, stop and URL',
  examples: ['tickets db status', 'tickets db url', 'tickets db stop'],
  exits: [0, 2, 6],
  commands: [
    {
      name: 'status',
      about: 'state, data directory and size',
      examples: ['tickets db status', 'tickets db status --json'],
      exits: [0, 2, 6],
      run: async () => ({ run: (await import('./db.js')).status }),
    },
    {
      name: 'start',
      about: 'start it and upgrade its schema; create it if there is none',
      examples: ['tickets db start'],
      exits: [0, 2, 6],
      run: async () => ({ run: (await import('./db.js')).start }),
    },
    {
      name: 'stop',
      about: 'stop it; the next command that needs it starts it again',
      examples: ['tickets db stop'],
      exits: [0, 2, 6],
      run: async () => ({ run: (await import('./db.js')).stop }),
    },
    {
      name: 'url',
      about: 'print its URL, for psql, node-postgres and DATABASE_URL',
      examples: ['tickets db url', 'export DATABASE_URL="$(tickets db url)"'],
      exits: [0, 2],
      run: async () => ({ run: (await import('./db.js')).url }),
    },
  ],
}
