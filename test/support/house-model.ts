/** A house as a child would keep it: a list of bookings, and who used which key for what. */
export interface House {
  totalSeats: number
  seatsPerRow: number
  /** By id. */
  bookings: Record<string, ModelBooking>
  keys: Record<string, { request: string; booking?: string }>
}

export interface ModelBooking {
  status: string
  seats: number[]
  /** A hold whose time is over: it counts for nobody any more. */
  isExpired?: boolean
  /** Why it is FAILED. */
  code?: string
}

/** What is wanted: these seats or so many; sold, or held (with `held: 'briefly'` until time passes). */
export interface Wish {
  seats?: number[]
  count?: number
  held?: 'forever' | 'briefly'
  key?: string
}

/** What somebody was told: a booking, or a refusal (`id`: of the FAILED record). */
export interface Answer {
  id?: string
  status?: string
  seats?: number[]
  code?: string
  replayed?: boolean
}

/** One thing that happens at one moment: the house after it, undefined if it cannot have happened. */
export type Moment = (house: House) => House | undefined

/**
 * The moments of a booking. With a key there are two: the key is claimed when the request is
 * recorded, and the seats are decided later, by whichever holder of the key comes first.
 */
export function booking(wish: Wish, answer: Answer): Moment[] {
  if (wish.key === undefined) return [(house) => decided(house, wish, answer)]
  const claim: Moment = (house) => claimed(house, wish, answer)
  return answer.code === 'KEY_REUSED' ? [claim] : [claim, (house) => decided(house, wish, answer)]
}

export function preview(wish: Wish, answer: Answer): Moment[] {
  return [(house) => (isFair(house, wish, answer) ? house : undefined)]
}

export function cancelling(id: string, answer: Answer): Moment[] {
  return [
    (house) => {
      const { status, seats } = house.bookings[id]!
      if (status === 'FAILED') return answer.code === 'WRONG_STATE' ? house : undefined
      const isRepeated = status === 'CANCELLED'
      if (!says(answer, { status: 'CANCELLED', seats, replayed: isRepeated })) return undefined
      return isRepeated ? house : withBooking(house, id, { status: 'CANCELLED', seats })
    },
  ]
}

export function confirming(id: string, answer: Answer): Moment[] {
  return [
    (house) => {
      const { status, seats } = house.bookings[id]!
      if (status === 'FAILED' || status === 'CANCELLED') {
        return answer.code === 'WRONG_STATE' ? house : undefined
      }
      const lost = status === 'HELD' ? seats.filter((seat) => takenBut(house, id).has(seat)) : []
      if (lost.length > 0)
        return says(answer, { code: 'SEATS_TAKEN', seats: lost }) ? house : undefined
      const isRepeated = status === 'CONFIRMED'
      if (!says(answer, { status: 'CONFIRMED', seats, replayed: isRepeated })) return undefined
      return isRepeated ? house : withBooking(house, id, { status: 'CONFIRMED', seats })
    },
  ]
}

/** The time of every brief hold is over. */
export function timePassing(): Moment[] {
  return [
    (house) => ({
      ...house,
      bookings: Object.fromEntries(
        Object.entries(house.bookings).map(([id, each]) => [
          id,
          each.isExpired === false ? { ...each, isExpired: true } : each,
        ]),
      ),
    }),
  ]
}

/** Somebody looks at the house, and sees which seats are sold and which are held. */
export function looking(seen: { booked: number[]; held: number[] }): Moment[] {
  return [
    (house) => {
      const all = Object.values(house.bookings)
      const booked = all.filter((each) => each.status === 'CONFIRMED').flatMap((each) => each.seats)
      const held = all.filter(isHeld).flatMap((each) => each.seats)
      return isSame(booked, seen.booked) && isSame(held, seen.held) ? house : undefined
    },
  ]
}

function claimed(house: House, { key, ...wish }: Wish, answer: Answer): House | undefined {
  const request = JSON.stringify(wish)
  const claim = house.keys[key!]
  const isReused = answer.code === 'KEY_REUSED'
  if (claim === undefined) {
    if (isReused || answer.replayed) return undefined
    return { ...house, keys: { ...house.keys, [key!]: { request } } }
  }
  const isExplained = claim.request === request ? answer.replayed === true : isReused
  return isExplained ? house : undefined
}

function decided(house: House, wish: Wish, answer: Answer): House | undefined {
  const claim = wish.key === undefined ? undefined : house.keys[wish.key]!
  if (claim?.booking !== undefined) {
    // Somebody with this key came first: the answer is the booking as it stands.
    const { status, seats, code } = house.bookings[claim.booking]!
    const standing = status === 'FAILED' ? { code } : { status, seats }
    return claim.booking === answer.id && says(answer, standing) ? house : undefined
  }
  if (answer.id === undefined || house.bookings[answer.id] !== undefined) return undefined
  const status = wish.held ? 'HELD' : 'CONFIRMED'
  if (!isFair(house, wish, answer)) return undefined
  if (answer.code === undefined && answer.status !== status) return undefined
  const made: ModelBooking =
    answer.code === undefined
      ? { status, seats: answer.seats!, ...(wish.held === 'briefly' && { isExpired: false }) }
      : { status: 'FAILED', seats: [], code: answer.code }
  const after = withBooking(house, answer.id, made)
  if (claim === undefined) return after
  return { ...after, keys: { ...house.keys, [wish.key!]: { ...claim, booking: answer.id } } }
}

/** May this house give this answer to this wish? */
function isFair(house: House, { seats, count }: Wish, answer: Answer): boolean {
  const taken = takenBut(house)
  if (seats !== undefined) {
    const lost = seats.filter((seat) => taken.has(seat))
    return says(answer, lost.length === 0 ? { seats } : { code: 'SEATS_TAKEN', seats: lost })
  }
  const free = house.totalSeats - taken.size
  if (free < count!) return answer.code === 'NOT_ENOUGH_SEATS'
  const given = answer.seats
  if (answer.code !== undefined || given === undefined || given.length !== count) return false
  if (new Set(given).size !== count || given.some((seat) => taken.has(seat))) return false
  const rowOf = (seat: number) => Math.floor((seat - 1) / house.seatsPerRow)
  const isTogether = (first: number) =>
    first + count! - 1 <= house.totalSeats &&
    rowOf(first) === rowOf(first + count! - 1) &&
    Array.from({ length: count! }, (_, i) => first + i).every((seat) => !taken.has(seat))
  const canBeTogether = Array.from({ length: house.totalSeats }, (_, i) => i + 1).some(isTogether)
  const isGivenTogether = given.at(-1)! - given[0]! === count! - 1 && isTogether(given[0]!)
  return !canBeTogether || isGivenTogether
}

function takenBut(house: House, id?: string): Set<number> {
  return new Set(
    Object.entries(house.bookings)
      .filter(([each, { status }]) => each !== id && status !== 'FAILED')
      .filter(([, each]) => each.status === 'CONFIRMED' || isHeld(each))
      .flatMap(([, each]) => each.seats),
  )
}

function isHeld({ status, isExpired }: ModelBooking): boolean {
  return status === 'HELD' && isExpired !== true
}

function withBooking(house: House, id: string, made: ModelBooking): House {
  return { ...house, bookings: { ...house.bookings, [id]: made } }
}

/** Does the answer say this? What is not mentioned may be anything, but a code needs mentioning. */
function says(answer: Answer, wanted: Answer): boolean {
  return (
    answer.code === wanted.code &&
    (wanted.status === undefined || answer.status === wanted.status) &&
    (wanted.replayed === undefined || answer.replayed === wanted.replayed) &&
    (wanted.seats === undefined || isSame(answer.seats ?? [], wanted.seats))
  )
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  const sorted = (seats: readonly number[]) => [...seats].sort((x, y) => x - y).join()
  return sorted(a) === sorted(b)
}
