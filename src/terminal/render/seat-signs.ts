import type { SeatKind } from '../../house/plan/seat-plan.js'
import type { RenderStyle, Tone } from './style.js'

/** `yours` are the seats that are being picked. */
export type SeatState = 'free' | 'held' | 'booked' | 'yours'

/** The number of seats of a house in each state. */
export type SeatCounts = Record<Exclude<SeatState, 'yours'>, number>

/** What is special about a cell of the map. */
export type CellKind = SeatKind | 'not for sale' | 'aisle'

/** The sign of a seat. Signs differ in shape, so they need no colour. */
export function seatSign(state: SeatState, style: Pick<RenderStyle, 'unicode'>): string {
  return (style.unicode ? unicodeSigns : asciiSigns)[state]
}

/** The tone of each state on the map. */
export const seatTones: Record<SeatState, Tone> = {
  free: 'good',
  held: 'warning',
  booked: 'quiet',
  yours: 'accent',
}

const unicodeSigns: Record<SeatState, string> = { free: '○', held: '◐', booked: '●', yours: '★' }
const asciiSigns: Record<SeatState, string> = { free: '.', held: '?', booked: '#', yours: '*' }

/** The signs of free seats and of seats that are not for sale: the letters of a plan's file. */
export function kindSign(kind: CellKind, style: Pick<RenderStyle, 'unicode'>): string {
  if (kind === 'not for sale') return style.unicode ? '·' : '-'
  return kindLetters[kind] ?? seatSign('free', style)
}

const kindLetters: Partial<Record<CellKind, string>> = {
  restricted: 'r',
  wheelchair: 'w',
  companion: 'c',
}

export const kindNames = {
  standard: 'standard',
  wheelchair: 'wheelchair',
  companion: 'companion',
  restricted: 'restricted view',
  'not for sale': 'not for sale',
} satisfies Partial<Record<CellKind, string>>
