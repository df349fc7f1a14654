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
