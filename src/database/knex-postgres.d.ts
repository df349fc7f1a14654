// Knex ships no types for its dialect modules; what they export is a Client and a Transaction.
declare module 'knex/lib/dialects/postgres/index.js' {
  import { Knex } from 'knex'

  export default class PostgresClient extends Knex.Client {}
}

declare module 'knex/lib/dialects/postgres/execution/pg-transaction.js' {
  import { Knex } from 'knex'
  import type pg from 'pg'

  interface PgTransaction extends Knex.Transaction {
    /** Sends BEGIN. Never rejects: the transaction does. */
    begin(connection: pg.Client): Promise<unknown>
  }
  const transaction: new (
    client: Knex.Client,
    container: unknown,
    config: unknown,
    outer: unknown,
  ) => PgTransaction
  export default transaction
}
