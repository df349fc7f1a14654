import type { Knex } from 'knex'

/**
 * Runs a statement written by hand and returns its rows. `?` stands for a value; an array is one
 * value (a PostgreSQL array), which Knex's own types do not allow for.
 *
 * A statement with a `name` is prepared: a connection that runs it again neither parses nor plans
 * it anew. One name must always mean the same text, and name its columns rather than say `*`, lest
 * a migration change its result below it.
 */
export async function query<Row>(
  knex: Knex,
  statement: string,
  values: readonly unknown[] = [],
  name?: string,
): Promise<Row[]> {
  const { rows } = await run<{ rows: Row[] }>(knex, statement, values, name)
  return rows
}

/** The same for a statement whose rows do not matter; returns how many there were. */
export async function execute(
  knex: Knex,
  statement: string,
  values: readonly unknown[] = [],
  name?: string,
): Promise<number> {
  const { rowCount } = await run<{ rowCount: number }>(knex, statement, values, name)
  return rowCount
}

function run<Result>(
  knex: Knex,
  statement: string,
  values: readonly unknown[],
  name: string | undefined,
): Knex.Raw<Result> {
  const raw = knex.raw<Result>(statement, values as Knex.RawBinding[])
  return name === undefined ? raw : raw.options({ name })
}
