/** Drivers of other databases, and of features that are not used: knex and pg load them on demand. */
export const otherDrivers = [
  'better-sqlite3',
  'mariadb',
  'mysql',
  'mysql2',
  'oracledb',
  'pg-native',
  'pg-query-stream',
  'sqlite3',
  'tedious',
]
