/** Seat numbers as the text of a PostgreSQL array, which an array of arrays cannot be. */
export function sqlArray(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`
}
