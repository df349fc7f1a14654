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

/**
 * Formats numbers, ids and the like as a PostgreSQL array literal. None of them needs quoting, and
 * checking for it would take as long as the rest of the statement.
 */
export function sqlArray(values: readonly (number | string)[]): string {
  return `{${values.join(',')}}`
}

/**
 * Formats lists of numbers as an array of texts, because a PostgreSQL array of arrays must be
 * rectangular.
 */
export function sqlLists(lists: readonly (readonly number[])[]): string {
  return sqlArray(lists.map((list) => `"${sqlArray(list)}"`))
}

/**
 * A column of texts for `unnest`. Returns null if all are null, because `unnest` then fills the
 * column with nulls.
 */
export function sqlColumn<T>(values: readonly (T | null)[]): readonly (T | null)[] | null {
  return values.some((value) => value !== null) ? values : null
}
