/** The shows and bookings among the rows of a backup: '1 show and 300 bookings'. */
export function inWords({ shows = 0, bookings = 0 }: Partial<Record<string, number>>): string {
  return `${counted(shows, 'show')} and ${counted(bookings, 'booking')}`
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-GB')} ${noun}${count === 1 ? '' : 's'}`
}
