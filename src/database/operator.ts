import type { Knex } from 'knex'
import type { Database } from './knex-pool.js'
import { query } from './sql.js'

/** Returns the same database with another operator, whom the history records for its changes. */
export function inTheNameOf(operator: string, db: Database): Database {
  // Not a copy, because properties such as `awaitsServer` must be read from the original.
  return Object.create(db, { operator: { value: operator, enumerable: true } })
}

/** Sets the operator that the history's triggers record, until the transaction ends. */
export async function nameOperator(trx: Knex.Transaction, operator: string): Promise<void> {
  await query(trx, `select set_config('tickets.operator', ?, true)`, [operator], 'name_operator')
}
