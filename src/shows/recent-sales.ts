import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'

/**
 * Returns the number of a show's seats sold in each of the last `minutes` minutes, the latest last,
 * by the database's clock. A sale counts in the minute of the sale, even if it was cancelled later.
 */
export async function recentSales(
  db: Database,
  showId: string,
  minutes: number,
): Promise<number[]> {
  const rows = await withRetry(db, () =>
    query<{ age: number; seats: number }>(
      db.knex,
      `select floor(extract(epoch from clock_timestamp() - at) / 60)::int as age,
              sum(jsonb_array_length(after -> 'seats'))::int as seats
       from history
       where show_id = ? and action = 'confirmed'
         and at > clock_timestamp() - make_interval(mins => ?)
       group by age`,
      [showId, minutes],
    ),
  )
  const sales = Array.from({ length: minutes }, () => 0)
  for (const { age, seats } of rows) {
    if (age >= 0 && age < minutes) sales[minutes - 1 - age] = seats
  }
  return sales
}
