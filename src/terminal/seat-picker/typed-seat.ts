import type { PlacedSection, SeatPlan } from '../../house/plan/seat-plan.js'
import type { SeatSet } from '../../house/seat-set.js'
import { parseSeats, type SeatLayout } from '../../house/seats.js'
import { TicketsError } from '../../shared/errors.js'
import { canonicalText } from '../../shared/fold-text.js'
import { hasRows, type Picking } from './picker-state.js'

/**
 * What a typed text means, in capital letters: in a house with rows, a number is how many seats,
 * and a row or the beginning of a section's name means its first seat. A label that several sections
 * have is the seat of the section under the cursor. Throws INVALID_INPUT and NO_SUCH_SEAT.
 */
export function readTyped(text: string, picking: Picking): { seat: number } | { count: number } {
  const { house } = picking
  if (hasRows(house) && /^\d+$/.test(text)) return { count: Number(text) }
  if (house.plan) return { seat: seatInPlan(text, house.plan, picking) }
  return { seat: oneSeat(/^[A-Z]+$/.test(text) ? `${text}1` : text, house) }
}

/**
 * Does a character other than a letter or digit continue a typed label: in the name of a section,
 * or the slash of `12/5`? A space after a row does not: it picks.
 */
export function continuesLabel(text: string, character: string, { plan }: SeatLayout): boolean {
  if (!plan || character.length !== 1) return false
  if (character === '/') return /^\S.*\d$|^\d$/.test(text)
  const isRow = plan.rows.some(({ label }) => label.toUpperCase() === text)
  return (
    !(character === ' ' && (isRow || text === '')) &&
    plan.sections.some((section) => `${typedName(section)} `.startsWith(text + character))
  )
}

/** The name of a section as a keyboard types it: in capital letters, with a plain apostrophe. */
function typedName({ name }: PlacedSection): string {
  return canonicalText(name).toUpperCase()
}

/** The first free seat of a section; its first seat if none is free. */
export function firstFree({ first, last }: PlacedSection, taken: SeatSet): number {
  const free = taken.nextOutside(first)
  return free <= last ? free : first
}

function seatInPlan(text: string, plan: SeatPlan, { cursor, house, taken }: Picking): number {
  const own = plan.sections[plan.rows[plan.rowIndex(cursor)]!.section]!
  const named = plan.sections.find(
    (section) => section.name !== '' && `${text} `.startsWith(`${typedName(section)} `),
  )
  if (named) {
    const rest = text.slice(typedName(named).length).trim()
    if (rest === '') return firstFree(named, taken)
    return startOfRow(rest, named, plan) ?? oneSeat(labelIn(named, rest, plan), house)
  }
  const others = plan.sections.filter((section) => section !== own)
  for (const section of [own, ...others]) {
    const seat = startOfRow(text, section, plan)
    if (seat !== undefined) return seat
  }
  const begun = plan.sections.find((section) => typedName(section).startsWith(text))
  return begun ? firstFree(begun, taken) : oneSeat(nearestLabel(text, own, plan, house), house)
}

/** The first seat of the row with this label, else of the first row whose label begins with it. */
function startOfRow(
  text: string,
  { firstRow, lastRow }: PlacedSection,
  plan: SeatPlan,
): number | undefined {
  const rows = plan.rows
    .slice(firstRow, lastRow + 1)
    .filter(({ label, first, last }) => first <= last && label.toUpperCase().startsWith(text))
  const exact = rows.find(({ label }) => label.length === text.length)
  return (exact ?? rows[0])?.first
}

/** The label with the section under the cursor if that has the seat. */
function nearestLabel(text: string, own: PlacedSection, plan: SeatPlan, layout: SeatLayout) {
  const label = labelIn(own, text, plan)
  try {
    oneSeat(label, layout)
    return label
  } catch (error) {
    if (error instanceof TicketsError) return text
    throw error
  }
}

function labelIn({ name }: PlacedSection, text: string, { sections }: SeatPlan): string {
  return sections.length > 1 ? `${name} ${text}` : text
}

function oneSeat(label: string, layout: SeatLayout): number {
  return parseSeats(label, layout)[0]!
}
