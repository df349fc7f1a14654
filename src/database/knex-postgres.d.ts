// Knex ships no types for its dialect modules; what they export is a Client and a Transaction.
declare module 'knex/lib/dialects/postgres/index.js' {
  import { Knex } from 'knex'
  import type pg from 'pg'

  /** What Knex sends: it gets the server's answer as its `response`. */
  export interface Statement {
    sql: string
  }

  export default class PostgresClient extends Knex.Client {
    /** Is this the client of a transaction, which has one connection? */
    transacting?: boolean
    _query(connection: pg.Client, statement: Statement): Promise<Statement>
  }
}

declare module 'knex/lib/dialects/postgres/execution/pg-transaction.js' {
  import { Knex } from 'knex'
  import type pg from 'pg'

  interface PgTransaction {
    /** Sends BEGIN. Never rejects: the transaction does. */
    begin(connection: pg.Client): Promise<unknown>
    /** Sends a statement that controls the transaction. Never rejects: the transaction does. */
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
