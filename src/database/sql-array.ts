/**
 * Numbers, ids and the like as the text of a PostgreSQL array, ready for a statement: none of them
 * needs a quotation mark, and to look for what does would take as long as all else.
 */
export function sqlArray(values: readonly (number | string)[]): string {
  return `{${values.join(',')}}`
}

/** Lists of numbers as the text of an array of texts, which an array of arrays cannot be. */
export function sqlLists(lists: readonly (readonly number[])[]): string {
  return sqlArray(lists.map((list) => `"${sqlArray(list)}"`))
}

/** A column of texts for `unnest` beside others; where all are null, none makes the same nulls. */
export function sqlColumn<T>(values: readonly (T | null)[]): readonly (T | null)[] | null {
  return values.some((value) => value !== null) ? values : null
}
