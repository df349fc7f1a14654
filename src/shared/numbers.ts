/** A number for people: '100,000'. */
export function formatNumber(value: number): string {
  return value.toLocaleString('en-GB')
}

/** A number of things, for nouns that take an s: '1 show', '300 bookings'. */
export function formatCount(count: number, noun: string): string {
  return `${formatNumber(count)} ${noun}${count === 1 ? '' : 's'}`
}
