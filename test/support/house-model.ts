/** The simplest possible model of houses of one size: a list of bookings, and a list of keys. */
export interface Books {
  totalSeats: number
  seatsPerRow: number
  /** By id. */
  bookings: Record<string, ModelBooking>
  keys: Record<string, { request: string; booking?: string }>
}

export interface ModelBooking {
  /** The index of the house that its seats are in: 0, 1, … */
  show: number
  status: string
  seats: number[]
  /** True for an expired hold, which no longer takes seats. */
  isExpired?: boolean
  /** Seats of this house that it has given back. */
  givenBack?: number[]
  /** The hold that these seats were sold from. */
  partOf?: string
  /** The reason, if it is FAILED. */
  code?: string | undefined
}

/**
 * A request: these seats or a number of seats; sold, or held (with `held: 'briefly'`, until time
 * passes).
 */
export interface SeatRequest {
  show: number
  seats?: number[]
  count?: number
  held?: 'forever' | 'briefly'
  key?: string
}

/** The answer to a client: a booking, or a refusal (`id`: of the FAILED record). */
export interface Answer {
  id?: string
  show?: number
  status?: string
  seats?: number[]
  code?: string | undefined
  replayed?: boolean
  /** The hold that was confirmed had expired. */
  hadExpired?: boolean
}

/**
 * One step that happens at one moment: returns the books after it, or undefined if it cannot have
 * happened.
 */
export type Moment = (books: Books) => Books | undefined

/**
 * The moments of a booking. With a key there are two: the key is claimed when the request is
 * recorded, and the seats are decided later, by the first request with the key that is settled.
 */
export function booking(request: SeatRequest, answer: Answer): Moment[] {
  if (request.key === undefined) return [(books) => decided(books, request, answer)]
  const claim: Moment = (books) => claimed(books, request, answer)
  return answer.code === 'KEY_REUSED'
    ? [claim]
    : [claim, (books) => decided(books, request, answer)]
}

export function preview(request: SeatRequest, answer: Answer): Moment[] {
  return [(books) => (isFair(books, request, answer) ? books : undefined)]
}

/** Giving back all seats, or `part` of them. */
export function cancelling(id: string, part: number[] | undefined, answer: Answer): Moment[] {
  return [
    (books) => {
      const was = books.bookings[id]!
      const { status, seats, givenBack = [] } = was
      const meant = part ?? seats
      if (status === 'FAILED' || !isWithin(meant, [...seats, ...givenBack])) {
        return says(answer, { code: 'WRONG_STATE' }) ? books : undefined
      }
      const gone = status === 'CANCELLED' ? [] : meant.filter((seat) => seats.includes(seat))
      if (gone.length === 0) {
        return says(answer, { status, seats, replayed: true }) ? books : undefined
      }
      const left = without(seats, gone)
      const now: ModelBooking = {
        ...was,
        ...(left.length === 0 ? { status: 'CANCELLED' } : { seats: left }),
        givenBack: [...givenBack, ...gone],
      }
      const expected = { status: now.status, seats: now.seats, replayed: false }
      return says(answer, expected) ? withBooking(books, id, now) : undefined
    },
  ]
}

/** Selling all seats of a hold, or `part` of them as a separate booking. */
export function confirming(id: string, part: number[] | undefined, answer: Answer): Moment[] {
  return [
    (books) => {
      const was = books.bookings[id]!
      const seats = part ?? was.seats
      if (was.status !== 'HELD' || !isWithin(seats, was.seats)) {
        const earlier = soldBefore(books, id, part)
        if (earlier === undefined) return says(answer, { code: 'WRONG_STATE' }) ? books : undefined
        const expected = { id: earlier, status: 'CONFIRMED', replayed: true }
        return says(answer, { ...expected, seats: books.bookings[earlier]!.seats })
          ? books
          : undefined
      }
      const taken = takenBut(books, was.show, id)
      const lost = seats.filter((seat) => taken.has(seat))
      if (lost.length > 0) {
        return says(answer, { code: 'SEATS_TAKEN', seats: lost }) ? books : undefined
      }
      const hadExpired = was.isExpired === true
      const expected = { status: 'CONFIRMED', seats, replayed: false, hadExpired }
      return says(answer, expected) ? sold(books, id, seats, answer.id!) : undefined
    },
  ]
}

/** Exchanging all seats for `to`, in another house if `toShow` is given. */
export function moving(
  id: string,
  { to, toShow }: { to: number[]; toShow: number | undefined },
  answer: Answer,
): Moment[] {
  return [
    (books) => {
      const was = books.bookings[id]!
      const show = toShow ?? was.show
      const isHere = show === was.show
      const refusal = (code: string) => (says(answer, { code }) ? books : undefined)
      if (was.status !== 'CONFIRMED' && was.status !== 'HELD') return refusal('WRONG_STATE')
      if (to.length !== was.seats.length) return refusal('INVALID_INPUT')
      if (isHere && isSame(to, was.seats)) {
        return says(answer, { show, seats: to, replayed: true }) ? books : undefined
      }
      if (was.isExpired) return refusal('WRONG_STATE')
      const taken = takenBut(books, show, id)
      const lost = to.filter((seat) => taken.has(seat))
      if (lost.length > 0) {
        return says(answer, { code: 'SEATS_TAKEN', seats: lost }) ? books : undefined
      }
      const expected = { show, status: was.status, seats: to, replayed: false }
      const givenBack = isHere ? without(was.givenBack ?? [], to) : []
      return says(answer, expected)
        ? withBooking(books, id, { ...was, show, seats: to, givenBack })
        : undefined
    },
  ]
}

/** All brief holds expire. */
export function timePassing(): Moment[] {
  return [
    (books) => ({
      ...books,
      bookings: Object.fromEntries(
        Object.entries(books.bookings).map(([id, each]) => [
          id,
          each.isExpired === false ? { ...each, isExpired: true } : each,
        ]),
      ),
    }),
  ]
}

/** Reading a house: which seats are sold and which are held. */
export function looking(show: number, seen: { booked: number[]; held: number[] }): Moment[] {
  return [
    (books) => {
      const all = Object.values(books.bookings).filter((each) => each.show === show)
      const booked = all.filter((each) => each.status === 'CONFIRMED').flatMap((each) => each.seats)
      const held = all.filter(isHeld).flatMap((each) => each.seats)
      return isSame(booked, seen.booked) && isSame(held, seen.held) ? books : undefined
    },
  ]
}

function claimed(
  books: Books,
  { key, ...request }: SeatRequest,
  answer: Answer,
): Books | undefined {
  const asText = JSON.stringify(request)
  const claim = books.keys[key!]
  const isReused = answer.code === 'KEY_REUSED'
  if (claim === undefined) {
    if (isReused || answer.replayed) return undefined
    return { ...books, keys: { ...books.keys, [key!]: { request: asText } } }
  }
  const isExplained = claim.request === asText ? answer.replayed === true : isReused
  return isExplained ? books : undefined
}

function decided(books: Books, request: SeatRequest, answer: Answer): Books | undefined {
  const claim = request.key === undefined ? undefined : books.keys[request.key]!
  if (claim?.booking !== undefined) {
    // An earlier request with this key was settled: the answer is its booking in its present state.
    const { show, status, seats, code } = books.bookings[claim.booking]!
    const standing = status === 'FAILED' ? { code } : { show, status, seats }
    return claim.booking === answer.id && says(answer, standing) ? books : undefined
  }
  if (answer.id === undefined || books.bookings[answer.id] !== undefined) return undefined
  const { show } = request
  const status = request.held ? 'HELD' : 'CONFIRMED'
  if (!isFair(books, request, answer)) return undefined
  if (answer.code === undefined && answer.status !== status) return undefined
  const made: ModelBooking =
    answer.code === undefined
      ? {
          show,
          status,
          seats: answer.seats!,
          ...(request.held === 'briefly' && { isExpired: false }),
        }
      : { show, status: 'FAILED', seats: request.seats ?? [], code: answer.code }
  const after = withBooking(books, answer.id, made)
  if (claim === undefined) return after
  return { ...after, keys: { ...books.keys, [request.key!]: { ...claim, booking: answer.id } } }
}

/** Whether this is an allowed answer to the request. */
function isFair(books: Books, { show, seats, count }: SeatRequest, answer: Answer): boolean {
  const taken = takenBut(books, show)
  if (seats !== undefined) {
    const lost = seats.filter((seat) => taken.has(seat))
    return says(answer, lost.length === 0 ? { seats } : { code: 'SEATS_TAKEN', seats: lost })
  }
  const free = books.totalSeats - taken.size
  if (free < count!) return answer.code === 'NOT_ENOUGH_SEATS'
  const given = answer.seats
  if (answer.code !== undefined || given === undefined || given.length !== count) return false
  if (new Set(given).size !== count || given.some((seat) => taken.has(seat))) return false
  const rowOf = (seat: number) => Math.floor((seat - 1) / books.seatsPerRow)
  const isTogether = (first: number) =>
    first + count! - 1 <= books.totalSeats &&
    rowOf(first) === rowOf(first + count! - 1) &&
    Array.from({ length: count! }, (_, i) => first + i).every((seat) => !taken.has(seat))
  const canBeTogether = Array.from({ length: books.totalSeats }, (_, i) => i + 1).some(isTogether)
  const isGivenTogether = given.at(-1)! - given[0]! === count! - 1 && isTogether(given[0]!)
  return !canBeTogether || isGivenTogether
}

/** The seats of a house that are sold or held by bookings other than `id`. */
function takenBut(books: Books, show: number, id?: string): Set<number> {
  return new Set(
    Object.entries(books.bookings)
      .filter(([each, booking]) => each !== id && booking.show === show)
      .filter(([, each]) => each.status === 'CONFIRMED' || isHeld(each))
      .flatMap(([, each]) => each.seats),
  )
}

/** The booking by which an earlier call sold the hold, or this part of it. */
function soldBefore({ bookings }: Books, id: string, part?: number[]): string | undefined {
  const { show } = bookings[id]!
  return Object.keys(bookings).find((other) => {
    const each = bookings[other]!
    const isPart = each.partOf === id && each.show === show && part !== undefined
    const isIt = each.status === 'CONFIRMED' && (other === id || isPart)
    return isIt && (part === undefined || isSame(each.seats, part))
  })
}

/** The books after seats of a hold are sold; a part becomes a booking with the id `partId`. */
function sold(books: Books, id: string, seats: number[], partId: string): Books | undefined {
  const { isExpired, ...was } = books.bookings[id]!
  const rest = without(was.seats, seats)
  if (rest.length === 0) {
    return partId === id ? withBooking(books, id, { ...was, status: 'CONFIRMED' }) : undefined
  }
  if (books.bookings[partId] !== undefined) return undefined
  const part: ModelBooking = { show: was.show, status: 'CONFIRMED', seats, partOf: id }
  const hold = { ...books.bookings[id]!, seats: rest }
  return withBooking(withBooking(books, id, hold), partId, part)
}

function isHeld({ status, isExpired }: ModelBooking): boolean {
  return status === 'HELD' && isExpired !== true
}

function withBooking(books: Books, id: string, made: ModelBooking): Books {
  return { ...books, bookings: { ...books.bookings, [id]: made } }
}

/** Whether the answer matches. Fields that are not expected may have any value, except `code`. */
function says(answer: Answer, wanted: Answer): boolean {
  return (
    answer.code === wanted.code &&
    (wanted.id === undefined || answer.id === wanted.id) &&
    (wanted.show === undefined || answer.show === wanted.show) &&
    (wanted.status === undefined || answer.status === wanted.status) &&
    (wanted.replayed === undefined || answer.replayed === wanted.replayed) &&
    (wanted.hadExpired === undefined || answer.hadExpired === wanted.hadExpired) &&
    (wanted.seats === undefined || isSame(answer.seats ?? [], wanted.seats))
  )
}

function without(seats: readonly number[], gone: readonly number[]): number[] {
  return seats.filter((seat) => !gone.includes(seat))
}

function isWithin(seats: readonly number[], all: readonly number[]): boolean {
  return seats.every((seat) => all.includes(seat))
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  const sorted = (seats: readonly number[]) => [...seats].sort((x, y) => x - y).join()
  return sorted(a) === sorted(b)
}
