/**
 * Takes a batch to its next stage. Keeps the errors; passes the rest to `next`, which returns one
 * result for each, in the same order.
 */
export async function toNextStage<From, To>(
  batch: readonly (From | Error)[],
  next: (passed: readonly From[]) => Promise<(To | Error)[]>,
): Promise<(To | Error)[]> {
  const passed = batch.filter((one): one is From => !(one instanceof Error))
  if (passed.length === 0) return batch as Error[]
  const results = await next(passed)
  let index = 0
  return batch.map((one) => (one instanceof Error ? one : results[index++]!))
}
