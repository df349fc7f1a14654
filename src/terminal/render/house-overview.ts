import { rowLabel, type SeatLayout } from '../../house/seats.js'
import type { House } from '../seat-picker/picker-state.js'
import { margin } from '../seat-picker/seat-grid.js'
import { salesBar } from './show-card.js'
import type { RenderStyle } from './style.js'

/**
 * A house that is too large for its map, in at most `most` lines: each is a bar of the sold, held
 * and free seats of adjacent rows, or in a house without rows of a range of seats.
 */
export function drawOverview(house: House, most: number, style: RenderStyle): string[] {
  const parts = partsOf(house, most).map((part) => ({ ...part, ...countsIn(house, part) }))
  const labelWidth = Math.max(0, ...parts.map(({ label }) => label.length))
  const ends = parts.map(({ first, last, booked }) => `${count(booked)}/${count(last - first + 1)}`)
  const endWidth = Math.max(0, ...ends.map((end) => end.length))
  const width = Math.min(48, Math.max(8, style.columns - labelWidth - endWidth - 3 * margin))
  const widest = parts[0]!.last
  return parts.map(({ label, first, last, ...counts }, index) => {
    const columns = Math.max(1, Math.round(((last - first + 1) / widest) * width))
    const bar = salesBar(counts, columns, style) + ' '.repeat(width - columns)
    const air = ' '.repeat(margin)
    return `${air}${label.padStart(labelWidth)}${air}${bar}${air}${ends[index]!.padStart(endWidth)}`
  })
}

/** Seats `first` to `last`, under one label. */
interface Part {
  label: string
  first: number
  last: number
}

function partsOf({ totalSeats, seatsPerRow }: SeatLayout, most: number): Part[] {
  const size = seatsPerRow === null ? roundSize(totalSeats / most) : seatsPerRow
  const sizes = Math.ceil(totalSeats / size)
  const seats = Math.ceil(sizes / most) * size
  return Array.from({ length: Math.ceil(totalSeats / seats) }, (_, index) => {
    const first = index * seats + 1
    const last = Math.min(first + seats - 1, totalSeats)
    const [from, to] =
      seatsPerRow === null
        ? [String(first), String(last)]
        : [rowLabel(Math.ceil(first / seatsPerRow)), rowLabel(Math.ceil(last / seatsPerRow))]
    return { label: from === to ? from : `${from}-${to}`, first, last }
  })
}

/** The next of 1, 2, 5, 10, 20, 50, …, so that ranges begin at round numbers. */
function roundSize(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)))
  return [1, 2, 5, 10].map((step) => step * power).find((size) => size >= least)!
}

function countsIn({ booked, held }: House, { first, last }: Part) {
  const counts = { booked: 0, held: 0, free: 0 }
  for (let seat = first; seat <= last; seat++) {
    counts[booked.has(seat) ? 'booked' : held.has(seat) ? 'held' : 'free'] += 1
  }
  return counts
}

function count(seats: number): string {
  return seats.toLocaleString('en-GB')
}
