import { chooseAccessible } from './best-available/accessible.js'
import { choose } from './best-available/choose.js'
import { geometryOf } from './best-available/geometry.js'
import { type Criteria, countFree, near } from './best-available/search.js'
import type { SeatSet } from './seat-set.js'
import type { SeatLayout } from './seats.js'

const LONGEST_SUGGESTION = 20

/** A party that wants seats together, and where. */
export interface Party {
  count: number
  /** The index of the only section to choose from; undefined: any. */
  section?: number | undefined
  /** A wheelchair place, with its companion seat if the party is of two or more. */
  accessible?: boolean | undefined
  /** Uses wheelchair places and companion seats too, if there are not enough other seats. */
  includeAccessible?: boolean | undefined
}

/**
 * Chooses the best free seats for a party, ascending; undefined if fewer are free. `taken` contains
 * the booked and held seats. These are the rules; a later one decides only between seats that are
 * equal by the earlier ones:
 *
 * 1. Only seats of the section, and no wheelchair place or companion seat unless asked for; with
 *    `includeAccessible` as few of these as possible.
 * 2. Together in one block; or else in one row with only aisles between them; or else in the fewest
 *    groups, the longest first. The other groups go near the first
 *    one: its section and place replace those of rules 5 and 6.
 * 3. The fewest seats with a restricted view.
 * 4. No single free seat left beside them in a block. If every choice leaves one, it is exempt.
 * 5. The first section, in the order of the plan.
 * 6. The nearest to the focal point of the section: the middle of the row, a third of the way back. A
 *    row counts as far as two seats. Of two choices at the same distance, the one in the nearer row;
 *    or else the one nearer to the stage; or else the left one.
 *
 * The order of 2, 4 and 6 is that of seats.io (docs.seats.io, "Best Available"): in one row without
 * orphan seats, or else in one row, each nearest to a focal point. Seats are 0.55 to 0.60 m wide, and
 * 1.10 to 1.20 m from back to back, so a row is as deep as two seats (Independent Cinema Office,
 * "Seating capacity and space requirements"). The best seats of a theatre are in the middle of the
 * 5th to 12th row (theater.about.com, "Where is the best place to sit in the theater?"): in stalls
 * of 25 rows, a third of the way back.
 *
 * In a house without rows, the best seats have the lowest numbers, and only the second rule holds.
 *
 * It runs while the show is locked, so it examines 32 seats at a time, and stops where nothing
 * better can follow.
 */
export function bestAvailable(
  taken: SeatSet,
  party: Party,
  layout: SeatLayout,
): number[] | undefined {
  const { count } = party
  check(taken, count, layout)
  if (layout.totalSeats - taken.size < count) return undefined
  const criteria = criteriaOf(party, layout)
  return party.includeAccessible
    ? withFewestAccessible(taken, party, criteria)
    : chooseFor(party, taken, criteria)
}

/**
 * Suggests free seats in place of `wanted`: the same number, by the rules of bestAvailable, but the
 * nearest to the first wanted seat come first. They may include wanted seats that are free. Returns
 * an empty list if no seats or more than 20 were wanted, or if fewer are free.
 */
export function suggestSeats(
  wanted: readonly number[],
  taken: SeatSet,
  layout: SeatLayout,
): number[] {
  const count = wanted.length
  if (count === 0 || count > LONGEST_SUGGESTION) return []
  const { wheelchairs } = geometryOf(layout)
  const accessible = wanted.some((seat) => wheelchairs.has(seat))
  return chooseFor({ count, accessible }, taken, nearestTo(Math.min(...wanted), layout)) ?? []
}

/**
 * Like bestAvailable, but the seats nearest to a seat come first: in its own row, starting at that
 * seat if possible, or else in the nearest row. Chooses wheelchair places and companion seats only
 * if that seat is one, or if there are not enough others.
 */
export function chooseAround(
  seat: number,
  taken: SeatSet,
  count: number,
  layout: SeatLayout,
): number[] | undefined {
  check(taken, count, layout)
  const { accessible, widest } = geometryOf(layout)
  // Another row is farther than any seat of the same row.
  const criteria = { ...nearestTo(seat, layout), rowDepth: 2 * widest }
  return accessible.has(seat)
    ? choose(taken, count, { ...criteria, accessible: 'always' })
    : withFewestAccessible(taken, { count }, criteria)
}

/** How many of the seats are wheelchair places or companion seats. */
export function countAccessible(seats: readonly number[], layout: SeatLayout): number {
  const { accessible } = geometryOf(layout)
  return seats.filter((seat) => accessible.has(seat)).length
}

/** How many seats are free where the party may sit: general ones, and accessible ones. */
export function countFreeFor(
  taken: SeatSet,
  party: Party,
  layout: SeatLayout,
): { general: number; accessible: number } {
  const criteria = criteriaOf(party, layout)
  const general = countFree(taken, criteria)
  const all = countFree(taken, { ...criteria, accessible: 'always' })
  return { general, accessible: all - general }
}

function check(taken: SeatSet, count: number, { totalSeats }: SeatLayout): void {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`${count} seats cannot be chosen.`)
  }
  if (taken.totalSeats !== totalSeats) {
    throw new RangeError(`${taken.totalSeats} seats are not a house of ${totalSeats}.`)
  }
}

/**
 * Only general seats; or, if these are too few, all of them, with the number that is missing from
 * the accessible ones.
 */
function withFewestAccessible(
  taken: SeatSet,
  party: Party,
  criteria: Criteria,
): number[] | undefined {
  const seats = chooseFor(party, taken, criteria)
  if (seats) return seats
  // Accessible seats weigh most, so this has the fewest if a block has room for such a choice.
  const together = chooseFor(party, taken, { ...criteria, accessible: 'always' })
  const fewest = party.count - countFree(taken, criteria)
  const { accessible } = criteria.geometry
  const isBest = together?.filter((seat) => accessible.has(seat)).length === fewest
  if (together === undefined || isBest) return together
  return chooseFor(party, taken, { ...criteria, accessible: 'if needed' })
}

function chooseFor(
  { count, accessible }: Party,
  taken: SeatSet,
  criteria: Criteria,
): number[] | undefined {
  return accessible ? chooseAccessible(taken, count, criteria) : choose(taken, count, criteria)
}

/** Around the focal points of the sections; in a house without rows, the lowest numbers. */
function criteriaOf({ section }: Party, layout: SeatLayout): Criteria {
  const geometry = geometryOf(layout)
  if (!geometry.hasRows) return nearestTo(1, layout)
  const sections = section === undefined ? geometry.sections : [section]
  return { geometry, sections, accessible: 'never' }
}

/** The nearest to a seat, starting at it if possible. */
function nearestTo(seat: number, layout: SeatLayout): Criteria {
  const geometry = geometryOf(layout)
  const { rows, sections, offset } = geometry
  const row = rows.indexOf(seat)
  const focus = { section: rows.at(row).section, row, offset: offset[seat]!, isForFirst: true }
  return near(focus, { geometry, sections, isNearestFirst: true, accessible: 'never' })
}
