import type { HistoryEvent, Show } from '../../../client/api.js'
import { formatLabels } from '../../../house/seats.js'
import { timeOf } from '../show/text.js'

type Facts = Record<string, unknown>
type Where = Pick<Show, 'id' | 'timeZone'>

/** What an event changed, in words: 'A1-A2 → B1-B2', 'name: Cats → Evita'. */
export function describeChange(
  { before, after, bookingId }: Pick<HistoryEvent, 'before' | 'after' | 'bookingId'>,
  show: Where,
): string {
  if (bookingId === null) return changedFields(before ?? {}, after ?? {}, show)
  const [from, to] = [seatsOf(before, show), seatsOf(after, show)]
  const seats = from === '' || to === '' || from === to ? to || from : `${from} → ${to}`
  const details = ['customer', 'held_until', 'failure', 'cancel_reason', 'note']
    .filter((key) => after?.[key] !== undefined && after[key] !== before?.[key])
    .map((key) => `${key.replace('_', ' ')}: ${sayValue(key, after![key], show)}`)
  return [seats, ...details].filter((text) => text !== '').join('; ')
}

function changedFields(before: Facts, after: Facts, show: Where): string {
  return Object.keys({ ...before, ...after })
    .filter((key) => before[key] !== after[key])
    .map((key) => {
      const [from, to] = [before, after].map((facts) => sayValue(key, facts[key], show))
      const value = before[key] === undefined ? to : `${from} → ${to}`
      return `${key.replaceAll('_', ' ')}: ${value}`
    })
    .join('; ')
}

const times = new Set(['held_until', 'start_time', 'cancelled_at'])

function sayValue(key: string, value: unknown, show: Where): string {
  if (value === null || value === undefined) return 'none'
  return times.has(key) ? timeOf(new Date(String(value)), show) : String(value)
}

function seatsOf(facts: Facts | null, show: Where): string {
  const { seats = [], seat_labels = [] } = (facts ?? {}) as Seats
  const isHere = (facts?.show_id ?? show.id) === show.id
  const named = formatLabels(seats, seat_labels)
  return isHere || named === '' ? named : `${named} of show ${String(facts!.show_id).slice(0, 8)}`
}

interface Seats {
  seats?: number[]
  seat_labels?: string[]
}
