import type { Declaration } from '../../declaration.js'

export const migrateCommand: Declaration = {
  name: 'migrate',
  about: 'create or upgrade the schema',
  options: {
    '--status': 'only list the migrations',
    '--check': 'exit 7 when something is pending',
    '--rollback': 'revert the latest batch',
    '--grant <role>':
      'then grant this role the rights to book, but not to delete or to change the schema',
    '-y, --yes': 'roll back even when that drops bookings',
  },
  examples: [
    'tickets migrate --db postgres://me@localhost/tickets',
    'tickets migrate --check',
    'tickets migrate --grant clerk',
  ],
  exits: [0, 2, 5, 6, 7],
  unchanged: 'Nothing was rolled back.',
  run: () => import('./migrate.js'),
}
