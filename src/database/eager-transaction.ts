import PgTransaction from 'knex/lib/dialects/postgres/execution/pg-transaction.js'
import type pg from 'pg'

declare module 'knex' {
  namespace Knex {
    interface TransactionConfig {
      /** Makes it an `EagerTransaction`. */
      isEager?: boolean
    }
  }
}

/**
 * A transaction of Knex' whose first statements follow BEGIN without waiting for its answer, which
 * saves a round trip. Should BEGIN fail, Knex holds the transaction for completed and lets no
 * further statement through; those already sent must do no harm by themselves, as a lock does none.
 * An insert would be there for good.
 *
 * Only for connections that send what they are given at once.
 */
export class EagerTransaction extends PgTransaction {
  override async begin(connection: pg.Client): Promise<void> {
    void super.begin(connection)
  }
}
