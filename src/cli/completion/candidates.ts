import type { Show, ShowDetails, ShowFilter } from '../../client/api.js'
import { embeddedServer } from '../../client/embedded-server.js'
import type { Client } from '../../client/open-client.js'
import { targetOf } from '../../client/target.js'
import { seatLabel } from '../../house/seats.js'
import { formatCount } from '../../shared/numbers.js'
import { safeText } from '../../shared/safe-text.js'
import { datesOf } from '../../shared/time/show-dates.js'
import { whenOf } from '../commands/show/text.js'
import type { Context } from '../context.js'
import {
  type Completes,
  completesOf,
  type OfferedBookings,
  type OfferedSeats,
  type OfferedShows,
} from '../declaration.js'
import { plansInDirectory } from '../plan-file.js'
import { type Candidate, type Cursor, FILES_SIGN } from './cursor.js'

/** The most candidates: a longer list would only scroll. */
const MOST = 200
const PATIENCE_MS = 500
const FILES = [{ value: FILES_SIGN }]

/** The values that an option or an argument may have now, live from the database. */
export async function candidatesFor(context: Context, cursor: Cursor): Promise<Candidate[]> {
  const completes = cursor.wanted && completesOf(cursor.wanted)
  if (completes === undefined) return []
  if (completes === 'files') return FILES
  if (typeof completes === 'string' || !('orPlans' in completes)) {
    return liveCandidates(context, cursor, completes)
  }
  const shows = await liveCandidates(context, cursor, completes).catch(() => [])
  const names = (await plansInDirectory()).filter(isOfferable)
  const plans = names.map((value) => ({ value, about: () => 'a plan' }))
  return [...plans, ...shows, ...FILES]
}

async function liveCandidates(
  context: Context,
  cursor: Cursor,
  completes: Exclude<Completes, 'files'>,
): Promise<Candidate[]> {
  const tickets = openQuickly(context, cursor)
  if (tickets === undefined) return []
  if (completes === 'dates') return dateCandidates(tickets, cursor)
  if (completes === 'sections') return sectionCandidates(tickets, cursor)
  if ('shows' in completes) return showCandidates(tickets, cursor, completes.shows)
  if ('bookings' in completes) return bookingCandidates(tickets, cursor, completes.bookings)
  return seatCandidates(tickets, cursor, completes.seats)
}

/**
 * Tab starts no server and creates no database. It does not connect to one that a `.env` file names
 * either: a press of Tab in a downloaded directory must not reach a stranger's server.
 */
function openQuickly({ open, output }: Context, { optionValues }: Cursor): Client | undefined {
  const { env } = output.io
  const database = optionValues.get('db')
  const { kind, source } = targetOf({ database, env })
  if (source === '.env') return undefined
  if (kind === 'embedded' && !embeddedServer(env).hasSocket()) return undefined
  return open({ database, waitMs: PATIENCE_MS })
}

function isOffered({ hasStarted, cancelledAt }: Show, kind: OfferedShows): boolean {
  if (kind === 'any') return true
  return cancelledAt === null && !(kind === 'upcoming' && hasStarted)
}

/** Shows by name, with their dates, and by the beginning of their ids; the upcoming ones first. */
async function showCandidates(
  tickets: Client,
  { typed }: Cursor,
  kind: OfferedShows,
): Promise<Candidate[]> {
  const dates = new Map<string, Show[]>()
  for (const show of await showsFor(tickets, typed, kind)) {
    dates.set(show.name, [...(dates.get(show.name) ?? []), show])
  }
  return [...dates].flatMap(([name, shows]) => {
    const ids = shows.map((show) => ({
      value: show.id.slice(0, 8),
      about: () => `${name}, ${whenOf(show)}`,
    }))
    if (!isOfferable(name)) return ids
    return [{ value: name, about: () => shownDates(shows) }, ...(typed === '' ? [] : ids)]
  })
}

/** A name that a terminal cannot show, or that looks like an option, is not offered. */
function isOfferable(name: string): boolean {
  return safeText(name) === name && !name.startsWith('-')
}

function shownDates(shows: Show[]): string {
  const more = shows.length > DATES ? [`${shows.length - DATES} more`] : []
  return [...shows.slice(0, DATES).map(whenOf), ...more].join(', ')
}

/** How many dates of a series are shown. */
const DATES = 3

/** The shows whose names have the typed words or whose ids begin so; if there are none, all. */
async function showsFor(tickets: Client, typed: string, kind: OfferedShows): Promise<Show[]> {
  const shows = new Map<string, Show>()
  const add = (show: Show) => {
    if (isOffered(show, kind)) shows.set(show.id, show)
  }
  const find = async (filter: ShowFilter) => {
    for (const half of [{ upcoming: true }, { past: true, latestFirst: true }]) {
      if (half.past && kind === 'upcoming') continue
      for await (const show of tickets.listShows({ ...filter, ...half, limit: MOST })) add(show)
    }
  }
  if (/[\p{L}\p{N}]/u.test(typed)) await find({ search: typed })
  if (/^[0-9a-f-]{4,}$/i.test(typed)) {
    for (const show of await tickets.findShows(typed)) add(show)
  }
  if (shows.size === 0) await find({})
  return [...shows.values()].slice(0, MOST)
}

/** The dates of the shows with the name that the command line has. */
async function dateCandidates(tickets: Client, cursor: Cursor): Promise<Candidate[]> {
  const given = showIn(cursor)
  if (given === undefined) return []
  const named = await tickets.findShows(given.name)
  const shows = named.filter((show) => isOffered(show, given.kind))
  return datesOf(shows).flatMap((date, at) =>
    date === undefined ? [] : [{ value: date, about: () => whenOf(shows[at]!) }],
  )
}

/** The sections of the show that the command line names. */
async function sectionCandidates(tickets: Client, cursor: Cursor): Promise<Candidate[]> {
  const given = showIn(cursor)
  if (given === undefined) return []
  const { plan } = await tickets.findShow(given.name, { date: cursor.optionValues.get('date') })
  const sections = plan?.hasSections ? plan.sections : []
  return sections
    .slice(0, MOST)
    .flatMap(({ name, first, last }) =>
      isOfferable(name)
        ? [{ value: name, about: () => formatCount(last - first + 1, 'seat') }]
        : [],
    )
}

async function bookingCandidates(
  tickets: Client,
  { typed }: Cursor,
  kind: OfferedBookings,
): Promise<Candidate[]> {
  const statuses = kind === 'any' ? undefined : kind
  const bookings = await tickets.suggestBookings(typed, statuses)
  return bookings.map(({ reference, customer, seatLabels, showName }) => ({
    value: likeTyped(
      typed.length > 4 && !typed.includes('-') ? reference.replace('-', '') : reference,
      typed,
    ),
    about: () => [customer, seatLabels.slice(0, 6).join(' '), showName].filter(Boolean).join(', '),
  }))
}

/** Seats after those that are typed already: 'A1,A' becomes 'A1,A2'. */
async function seatCandidates(
  tickets: Client,
  cursor: Cursor,
  kind: OfferedSeats,
): Promise<Candidate[]> {
  const { typed } = cursor
  const head = /^.*[,-]/.exec(typed)?.[0] ?? ''
  const named = new Set(head.toUpperCase().split(/[,-]/))
  const start = typed.slice(head.length).toUpperCase()
  const candidates: Candidate[] = []
  for (const label of await seatsFor(tickets, cursor, kind)) {
    if (candidates.length === MOST) break
    const upper = label.toUpperCase()
    if (!upper.startsWith(start) || named.has(upper)) continue
    candidates.push({ value: head + likeTyped(label, typed) })
  }
  return candidates
}

async function seatsFor(
  tickets: Client,
  cursor: Cursor,
  kind: OfferedSeats,
): Promise<Iterable<string>> {
  const given = showIn(cursor)
  const booking = bookingIn(cursor)
  if (kind === 'of the booking') {
    return booking === undefined ? [] : (await tickets.findBooking(booking)).seatLabels
  }
  if (given === undefined && booking === undefined) return []
  const date = cursor.optionValues.get('date')
  const show =
    given === undefined
      ? (await tickets.findBooking(booking!)).showId
      : (await tickets.findShow(given.name, { date })).id
  const house = await tickets.viewShow(show)
  return kind === 'free' ? freeSeats(house) : labelsOf(house, () => true)
}

/** The show that the command line names, an option before an argument. */
function showIn({ given }: Cursor): { name: string; kind: OfferedShows } | undefined {
  for (const { parameter, value } of given) {
    const completes = completesOf(parameter)
    if (typeof completes === 'object' && 'shows' in completes) {
      return { name: value, kind: completes.shows }
    }
  }
  return undefined
}

/** The booking that the command line names. */
function bookingIn({ given }: Cursor): string | undefined {
  return given.find(({ parameter }) => {
    const completes = completesOf(parameter)
    return typeof completes === 'object' && 'bookings' in completes
  })?.value
}

function freeSeats(house: ShowDetails): Iterable<string> {
  return labelsOf(house, (seat) => !house.booked.has(seat) && !house.held.has(seat))
}

function* labelsOf(show: Show, isWanted: (seat: number) => boolean): Generator<string> {
  for (let seat = 1; seat <= show.totalSeats; seat++) {
    if (isWanted(seat)) yield seatLabel(seat, show)
  }
}

/** Shells compare letter by letter, so what is typed in lower case is completed in lower case. */
function likeTyped(value: string, typed: string): string {
  return /[a-z]/.test(typed) && !/[A-Z]/.test(typed) ? value.toLowerCase() : value
}
