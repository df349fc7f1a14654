/**
 * Yields rows in constant memory, a page at a time, until there are no more or `limit` is reached.
 * `read` returns at most `size` rows that follow `after`, the last row of the page before.
 */
export async function* inPages<Row>(
  read: (after: Row | undefined, size: number) => Promise<readonly Row[]>,
  {
    limit = Number.POSITIVE_INFINITY,
    pageSize = 1000,
  }: { limit?: number | undefined; pageSize?: number } = {},
): AsyncGenerator<readonly Row[]> {
  let after: Row | undefined
  for (let left = limit; left > 0; ) {
    const size = Math.min(left, pageSize)
    const rows = await read(after, size)
    yield rows
    if (rows.length < size) return
    after = rows.at(-1)
    left -= size
  }
}
