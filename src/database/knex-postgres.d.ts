// Knex ships no types for its dialect modules; this one is a Client like any other.
declare module 'knex/lib/dialects/postgres/index.js' {
  import { Knex } from 'knex'

  export default class PostgresClient extends Knex.Client {}
}
