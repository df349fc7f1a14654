import type { Knex } from 'knex'

/**
 * Runs a handwritten statement and returns its rows. `?` stands for a value; an array is one value
 * (a PostgreSQL array), which Knex's own types do not allow.
 *
 * A statement with a `name` is prepared: a connection parses and plans it only once. A name must
 * always stand for the same text, and the text must name its columns and not use `*`, because a
 * migration could change the columns of `*`.
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

/** Runs a statement and returns its number of rows. */
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
