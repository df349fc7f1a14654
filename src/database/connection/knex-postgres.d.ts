// Knex ships no types for its dialect modules.
declare module 'knex/lib/dialects/postgres/index.js' {
  import { Knex } from 'knex'
  import type pg from 'pg'

  /** A statement that Knex sends. */
  export interface Statement {
    sql: string
    /** With a name, the statement is prepared. */
    options?: { name?: string }
  }

  export default class PostgresClient extends Knex.Client {
    /** Whether this client belongs to a transaction, which has one connection. */
    transacting?: boolean
    _query(connection: pg.Client, statement: Statement): Promise<Statement>
  }
}

declare module 'knex/lib/dialects/postgres/execution/pg-transaction.js' {
  import { Knex } from 'knex'
  import type pg from 'pg'

  interface PgTransaction {
    /** Sends BEGIN. Never rejects; a failure rejects the transaction. */
    begin(connection: pg.Client): Promise<unknown>
    /**
     * Sends a statement that controls the transaction. Never rejects; a failure rejects the
     * transaction.
     */
    query(connection: pg.Client, sql: string): Promise<unknown>
  }
  const transaction: new (
    client: Knex.Client,
    container: unknown,
    config: unknown,
    outer: unknown,
  ) => PgTransaction
  export default transaction
}
