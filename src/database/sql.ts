import type { Knex } from 'knex'

/**
 * Runs a statement written by hand and returns its rows. `?` stands for a value; an array is one
 * value (a PostgreSQL array), which Knex's own types do not allow for.
 */
export async function query<Row>(
  knex: Knex,
  statement: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const { rows } = await knex.raw<{ rows: Row[] }>(statement, values as Knex.RawBinding[])
  return rows
}
