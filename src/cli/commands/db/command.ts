import type { Declaration } from '../../declaration.js'

export const dbCommands: Declaration = {
  name: 'db',
  about: 'the embedded server, and backups of any database',
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
      about: 'start the embedded server and upgrade its schema; create it if there is none',
      examples: ['tickets db start'],
      exits: [0, 2, 6],
      run: async () => ({ run: (await import('./db.js')).start }),
    },
    {
      name: 'stop',
      about: 'stop the embedded server; the next command that needs it starts it again',
      examples: ['tickets db stop'],
      exits: [0, 2, 6],
      run: async () => ({ run: (await import('./db.js')).stop }),
    },
    {
      name: 'url',
      about: "print the embedded server's URL, for psql, node-postgres and DATABASE_URL",
      examples: ['tickets db url', 'export DATABASE_URL="$(tickets db url)"'],
      exits: [0, 2],
      run: async () => ({ run: (await import('./db.js')).url }),
    },
    {
      name: 'backup',
      about: 'copy all shows and bookings into a file, while sales go on',
      arguments: {
        '[file]': {
          about: "a new file, or '-' for stdout (default: tickets-<time>.backup.gz)",
          completes: 'files',
        },
      },
      examples: ['tickets db backup', 'tickets db backup - > monday.gz'],
      exits: [0, 2, 5, 6],
      needsData: true,
      run: () => import('./backup.js'),
    },
    {
      name: 'restore',
      about: 'fill an empty database from a backup, and verify it',
      arguments: { '<file>': { about: "a backup, or '-' for stdin", completes: 'files' } },
      options: { '-y, --yes': 'restore without asking' },
      examples: ['tickets db backup box.gz', 'tickets db restore box.gz --db embedded -y'],
      exits: [0, 2, 4, 5, 6, 7],
      unchanged: 'Nothing was restored.',
      run: () => import('./restore.js'),
    },
    {
      name: 'upgrade',
      about: "convert an older version's data to this program's PostgreSQL",
      examples: ['tickets db upgrade'],
      exits: [0, 2, 4, 5, 6, 7],
      run: async () => ({ run: (await import('./db.js')).upgrade }),
    },
  ],
}
