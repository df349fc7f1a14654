import type { Knex } from 'knex'
import type { Database } from './knex-pool.js'
import { query } from './sql.js'

/** The same database, through which somebody else than the session's operator changes things. */
export function inTheNameOf(operator: string, db: Database): Database {
  // Not a copy: whether it has connected, for one, must be asked of the original.
  return Object.create(db, { operator: { value: operator, enumerable: true } })
}

/** Tells the history's triggers, until the transaction ends, who changes something here. */
export async function nameOperator(trx: Knex.Transaction, operator: string): Promise<void> {
  await query(trx, `select set_config('tickets.operator', ?, true)`, [operator], 'name_operator')
}
