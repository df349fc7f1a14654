import { type HouseRows, rowsOf } from '../../house/rows.js'
import { formatNumber } from '../../shared/numbers.js'
import { salesBar } from '../render/charts.js'
import { fitText, padText, textWidth } from '../render/fit-text.js'
import { type RenderStyle, signs, tint } from '../render/style.js'
import { countStates, type House } from './house.js'
import { margin, sectionsFromTop } from './seat-grid.js'

/**
 * A house that is too large for its map, in at most `most` lines: each is a bar of the sold, held
 * and free seats of a section or of adjacent sections; in a house of one section, of adjacent rows,
 * or without rows of a range of seats.
 */
export function drawOverview(house: House, most: number, style: RenderStyle): string[] {
  const parts = partsOf(house, most)
  const bars = parts.map((part) => {
    const counts = countStates(house, part)
    return {
      ...part,
      counts,
      end: `${formatNumber(counts.booked)}/${formatNumber(part.last - part.first + 1)}`,
    }
  })
  return drawBars(bars, house.plan ? 'left' : 'right', style)
}

/** The sections of a house, each with its free seats; `pointed` is the index of the one to mark. */
export function drawSections(house: House, pointed: number, style: RenderStyle): string[] {
  const { sections } = rowsOf(house)
  const order = sectionsFromTop(house)
  const bars = order.map((index) => {
    const { name, first, last } = sections[index]!
    const counts = countStates(house, { first, last })
    return { label: name, first, last, counts, end: `${formatNumber(counts.free)} free` }
  })
  const { pointer } = signs(style)
  return drawBars(bars, 'left', style).map((line, index) =>
    order[index] === pointed ? tint(style, 'strong', pointer) + line.slice(1) : line,
  )
}

/** Seats `first` to `last`, under one label. */
interface Part {
  label: string
  first: number
  last: number
}

interface Bar extends Part {
  counts: ReturnType<typeof countStates>
  /** The text after the bar. */
  end: string
}

function drawBars(bars: readonly Bar[], align: 'left' | 'right', style: RenderStyle): string[] {
  const endWidth = Math.max(0, ...bars.map(({ end }) => end.length))
  const room = style.columns - endWidth - 3 * margin
  const labelWidth = Math.min(
    Math.max(0, ...bars.map(({ label }) => textWidth(label))),
    Math.max(5, room - 8),
  )
  const width = Math.min(48, Math.max(1, room - labelWidth))
  const widest = Math.max(...bars.map(({ first, last }) => last - first + 1))
  return bars.map(({ label, first, last, counts, end }) => {
    const columns = Math.max(1, Math.round(((last - first + 1) / widest) * width))
    const bar = salesBar(counts, columns, style) + ' '.repeat(width - columns)
    const air = ' '.repeat(margin)
    const name = padText(fitText(label, labelWidth, style), labelWidth, align)
    return `${air}${name}${air}${bar}${air}${end.padStart(endWidth)}`
  })
}

function partsOf(house: House, most: number): Part[] {
  const rows = rowsOf(house)
  if (rows.sections.length > 1) {
    const units = sectionsFromTop(house).map((index) => rows.sections[index]!)
    return joined(
      units.map(({ name, first, last }) => ({ label: name, first, last })),
      most,
    )
  }
  if (house.seatsPerRow === null && !house.plan) return rangesOf(house.totalSeats, most)
  return joined(rowParts(rows), most)
}

function rowParts(rows: HouseRows): Part[] {
  return Array.from({ length: rows.count }, (_, index) => rows.at(index))
}

/** Ranges of seats that begin at round numbers. */
function rangesOf(totalSeats: number, most: number): Part[] {
  const size = roundSize(totalSeats / most)
  return Array.from({ length: Math.ceil(totalSeats / size) }, (_, index) => {
    const first = index * size + 1
    const last = Math.min(first + size - 1, totalSeats)
    return { label: first === last ? String(first) : `${first}-${last}`, first, last }
  })
}

/**
 * Joins adjacent parts so that at most `most` are left; where that is possible only those whose
 * names differ in the last word alone, such as Lower 101 and Lower 102.
 */
function joined(parts: readonly Part[], most: number): Part[] {
  const alike = alikeIn(parts)
  const groups = alike.length > most ? [parts] : alike
  let size = 1
  while (groups.reduce((sum, { length }) => sum + Math.ceil(length / size), 0) > most) size += 1
  return groups.flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / size) }, (_, index) =>
      join(group.slice(index * size, (index + 1) * size)),
    ),
  )
}

function alikeIn(parts: readonly Part[]): Part[][] {
  const groups: Part[][] = []
  let name: string | undefined
  for (const part of parts) {
    if (firstWords(part) === name) groups.at(-1)!.push(part)
    else groups.push([part])
    name = firstWords(part)
  }
  return groups
}

function join(parts: readonly Part[]): Part {
  const [from, to] = [parts[0]!, parts.at(-1)!]
  if (from === to) return from
  const words = firstWords(to)
  const end = words === firstWords(from) ? to.label.slice(words.length) : to.label
  return {
    label: `${from.label}-${end}`,
    first: Math.min(from.first, to.first),
    last: Math.max(from.last, to.last),
  }
}

/** 'Lower ' of 'Lower 101', '' of a single word. */
function firstWords({ label }: Part): string {
  return label.slice(0, label.lastIndexOf(' ') + 1)
}

/** The next of 1, 2, 5, 10, 20, 50, …. */
function roundSize(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)))
  return [1, 2, 5, 10].map((step) => step * power).find((size) => size >= least)!
}
