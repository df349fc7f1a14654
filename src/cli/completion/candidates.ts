import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import type { Client } from '../../client/open-client.js'
import { embeddedConnection, embeddedDataDir } from '../../database/embedded/location.js'
import { DOT_ENV, findDatabase } from '../../database/settings/settings.js'
import { seatLabel } from '../../house/seats.js'
import { safeText } from '../../shared/safe-text.js'
import { datesOf } from '../../shared/show-dates.js'
import type { Show, ShowDetails, ShowFilter } from '../../shows/shows.js'
import { statusesFor } from '../commands/booking/named-booking.js'
import { whenOf } from '../commands/show/text.js'
import type { Context } from '../context.js'
import type { Candidate, Cursor } from './complete.js'

/** More would only scroll. */
const MOST = 200
const PATIENCE_MS = 500
const FILES = [{ value: ':files' }]

/** The values that an option or an argument may have now, live from the database. */
export async function candidatesFor(context: Context, cursor: Cursor): Promise<Candidate[]> {
  const { command, typed, wanted } = cursor
  const name = wanted && 'attributeName' in wanted ? wanted.attributeName() : wanted?.name()
  if (name === 'file' || name === 'svg') return FILES
  const find = name === undefined ? undefined : finders[name]
  if (find === undefined) return []
  const tickets = openQuickly(context, cursor)
  return tickets === undefined ? [] : find(tickets, cursor, typed, command.name())
}

type Finder = (
  tickets: Client,
  cursor: Cursor,
  typed: string,
  command: string,
) => Promise<Candidate[]>

const finders: Record<string, Finder> = {
  show: showCandidates,
  toShow: showCandidates,
  date: dateCandidates,
  booking: bookingCandidates,
  seats: seatCandidates,
  to: seatCandidates,
  seat: seatCandidates,
}

/**
 * Tab starts no server and creates no database. It connects to none that a `.env` file names either:
 * a press of Tab in a downloaded directory must reach nobody.
 */
function openQuickly({ open, output }: Context, { values }: Cursor): Client | undefined {
  const database = values.get('db')
  const place = { env: output.io.env, cwd: '.', homeDir: homedir() }
  if (findDatabase({ db: database, ...place }).source === DOT_ENV) return undefined
  const tickets = open({ ...(database !== undefined && { database }), waitMs: PATIENCE_MS })
  if (!tickets.databaseName.startsWith('embedded')) return tickets
  const { host, port } = embeddedConnection(embeddedDataDir(output.io.env))
  return existsSync(`${host}/.s.PGSQL.${port}`) ? tickets : undefined
}

/** Which shows a command can do something with. */
interface Offer {
  /** Only shows to come. */
  upcoming?: boolean
  isCancelledToo?: boolean
}

const offersFor: Record<string, Offer> = {
  book: { upcoming: true },
  move: { upcoming: true },
  stress: { upcoming: true },
  edit: { upcoming: true },
  cancel: { upcoming: true },
  'check-in': {},
}

function isOffered({ hasStarted, cancelledAt }: Show, command: string): boolean {
  const { upcoming, isCancelledToo } = offersFor[command] ?? { isCancelledToo: true }
  if (cancelledAt !== null && !isCancelledToo) return false
  return !upcoming || !hasStarted
}

/** Shows by their names, with their dates, and by the beginning of their ids; those to come first. */
async function showCandidates(
  tickets: Client,
  _: Cursor,
  typed: string,
  command: string,
): Promise<Candidate[]> {
  const dates = new Map<string, Show[]>()
  for (const show of await showsFor(tickets, typed, command)) {
    dates.set(show.name, [...(dates.get(show.name) ?? []), show])
  }
  return [...dates].flatMap(([name, shows]) => {
    const ids = shows.map((show) => ({
      value: show.id.slice(0, 8),
      about: () => `${name}, ${whenOf(show)}`,
    }))
    // A name that a terminal could not show, or that looks like an option, is no name.
    if (safeText(name) !== name || name.startsWith('-')) return ids
    return [{ value: name, about: () => shownDates(shows) }, ...(typed === '' ? [] : ids)]
  })
}

function shownDates(shows: Show[]): string {
  const more = shows.length > DATES ? [`${shows.length - DATES} more`] : []
  return [...shows.slice(0, DATES).map(whenOf), ...more].join(', ')
}

/** How many dates of a series are told of. */
const DATES = 3

/** The shows with words that begin as typed; where there are none, many, as an id may be meant. */
async function showsFor(tickets: Client, typed: string, command: string): Promise<Show[]> {
  const shows = new Map<string, Show>()
  const add = (show: Show) => {
    if (isOffered(show, command)) shows.set(show.id, show)
  }
  const find = async (filter: ShowFilter) => {
    for (const kind of [{ upcoming: true }, { past: true, latestFirst: true }]) {
      if (kind.past && offersFor[command]?.upcoming) continue
      for await (const show of tickets.listShows({ ...filter, ...kind, limit: MOST })) add(show)
    }
  }
  if (/[\p{L}\p{N}]/u.test(typed)) await find({ search: typed })
  if (/^[0-9a-f-]{4,}$/i.test(typed)) {
    for (const show of await tickets.findShows(typed)) add(show)
  }
  if (shows.size === 0) await find({})
  return [...shows.values()].slice(0, MOST)
}

/** The dates of the shows that are called as the command line says. */
async function dateCandidates(
  tickets: Client,
  { command, args, values }: Cursor,
): Promise<Candidate[]> {
  const isShowFirst = command.registeredArguments[0]?.name() === 'show'
  const name = values.get('toShow') ?? values.get('show') ?? (isShowFirst ? args[0] : undefined)
  if (name === undefined) return []
  const named = await tickets.findShows(name)
  const shows = named.filter((show) => isOffered(show, command.name()))
  return datesOf(shows).flatMap((date, at) =>
    date === undefined ? [] : [{ value: date, about: () => whenOf(shows[at]!) }],
  )
}

async function bookingCandidates(
  tickets: Client,
  _: Cursor,
  typed: string,
  command: string,
): Promise<Candidate[]> {
  const bookings = await tickets.suggestBookings(typed, statusesFor[command])
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
  typed: string,
  command: string,
): Promise<Candidate[]> {
  const head = /^.*[,-]/.exec(typed)?.[0] ?? ''
  const named = new Set(head.toUpperCase().split(/[,-]/))
  const start = typed.slice(head.length).toUpperCase()
  const candidates: Candidate[] = []
  for (const label of await seatsFor(tickets, cursor, command)) {
    if (candidates.length === MOST) break
    if (!label.startsWith(start) || named.has(label)) continue
    candidates.push({ value: head + likeTyped(label, typed) })
  }
  return candidates
}

async function seatsFor(
  tickets: Client,
  { args, values }: Cursor,
  command: string,
): Promise<Iterable<string>> {
  const [first] = args
  const find = async (name: string) => tickets.findShow(name, { date: values.get('date') })
  const house = async (name: string) => tickets.viewShow((await find(name)).id)
  if (command === 'book') return first === undefined ? [] : freeSeats(await house(first))
  if (command === 'list' || command === 'history') {
    const show = values.get('show') ?? first
    return show === undefined ? [] : labelsOf(await find(show), () => true)
  }
  if (first === undefined) return []
  const booking = await tickets.findBooking(first)
  if (command !== 'move') return booking.seatLabels
  const toShow = values.get('toShow')
  return freeSeats(await (toShow === undefined ? tickets.viewShow(booking.showId) : house(toShow)))
}

function freeSeats(house: ShowDetails): Iterable<string> {
  return labelsOf(house, (seat) => !house.booked.has(seat) && !house.held.has(seat))
}

function* labelsOf(show: Show, isWanted: (seat: number) => boolean): Generator<string> {
  for (let seat = 1; seat <= show.totalSeats; seat++) {
    if (isWanted(seat)) yield seatLabel(seat, show)
  }
}

/** Shells compare letter by letter: who types in lower case is answered in lower case. */
function likeTyped(value: string, typed: string): string {
  return /[a-z]/.test(typed) ? value.toLowerCase() : value
}
