import type { Knex } from 'knex'
import { query } from '../sql.js'

/** A sequence that would assign ids that rows already have. */
export interface LateSequence {
  table: string
  /** The last id that the sequence gave out, and the highest one in the table. */
  last: string
  highest: string
}

/**
 * Finds the sequences that are behind their tables, as logical replication leaves them: it copies
 * the rows, but not the state of the sequences. The next insert would fail.
 *
 * Ignores a sequence that this login may not read.
 */
export function findLateSequences(knex: Knex): Promise<LateSequence[]> {
  return query<LateSequence>(knex, `select "table", last::text, highest::text ${LATE}`)
}

/**
 * Moves such sequences to the highest id of their tables; returns the names of the tables. The lock
 * keeps out sales, whose ids would make the highest one old.
 */
export async function advanceSequences(knex: Knex): Promise<string[]> {
  // A clerk may not take this lock, and need not when there is nothing to move.
  if ((await findLateSequences(knex)).length === 0) return []
  await knex.raw('lock table history in share row exclusive mode')
  const rows = await query<{ table: string }>(
    knex,
    `select "table", setval(sequence, highest) ${LATE}`,
  )
  return rows.map(({ table }) => table)
}

const ROWS = `
  select 'history' as "table", pg_get_serial_sequence('history', 'id') as sequence,
         (select max(id) from history) as highest
  union all
  select 'knex_migrations', pg_get_serial_sequence('knex_migrations', 'id'),
         (select max(id) from knex_migrations)`

const LATE = `
  from (
    select "table", sequence::regclass as sequence, highest,
           case when has_sequence_privilege(sequence, 'select')
                then coalesce(pg_sequence_last_value(sequence::regclass), 0) end as last
    from (${ROWS}) as found
  ) as known
  where last < highest`
