import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import type { BookingStatus } from '../core/booking.js'
import { seatLabel } from '../core/seats.js'
import type { Show, ShowDetails, ShowFilter } from '../core/shows.js'
import { embeddedConnection, embeddedDataDir } from '../database/embedded/location.js'
import { DOT_ENV, findDatabase } from '../database/settings.js'
import type { Tickets } from '../index.js'
import { safeText } from '../terminal/safe-text.js'
import type { Candidate, Cursor } from './complete.js'
import type { Context } from './context.js'
import { whenOf } from './show-text.js'

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
  tickets: Tickets,
  cursor: Cursor,
  typed: string,
  command: string,
) => Promise<Candidate[]>

const finders: Record<string, Finder> = {
  show: showCandidates,
  toShow: showCandidates,
  booking: bookingCandidates,
  seats: seatCandidates,
  to: seatCandidates,
  seat: seatCandidates,
}

/**
 * Tab starts no server and creates no database. It connects to none that a `.env` file names either:
 * a press of Tab in a downloaded directory must reach nobody.
 */
function openQuickly({ open, output }: Context, { values }: Cursor): Tickets | undefined {
  const database = values.get('db')
  const place = { env: output.io.env, cwd: '.', homeDir: homedir() }
  if (findDatabase({ db: database, ...place }).source === DOT_ENV) return undefined
  const tickets = open({ ...(database !== undefined && { database }), waitMs: PATIENCE_MS })
  if (!tickets.databaseName.startsWith('embedded')) return tickets
  const { host, port } = embeddedConnection(embeddedDataDir(output.io.env))
  return existsSync(`${host}/.s.PGSQL.${port}`) ? tickets : undefined
}

/** Shows by their names, and by the beginning of their ids; those to come are offered first. */
async function showCandidates(tickets: Tickets, _: Cursor, typed: string): Promise<Candidate[]> {
  const shows = await showsFor(tickets, typed)
  const names = shows.map(({ name }) => name)
  return shows.flatMap((show) => {
    const id = { value: show.id.slice(0, 8), about: () => `${show.name}, ${whenOf(show)}` }
    // A name that two bear is no name, nor is one that a terminal could not show.
    const isName =
      safeText(show.name) === show.name &&
      !show.name.startsWith('-') &&
      names.indexOf(show.name) === names.lastIndexOf(show.name)
    if (!isName) return [id]
    return [{ value: show.name, about: () => whenOf(show) }, ...(typed === '' ? [] : [id])]
  })
}

/** Those with words that begin as typed; where there are none, so many that an id may be found. */
async function showsFor(tickets: Tickets, typed: string): Promise<Show[]> {
  const shows = new Map<string, Show>()
  const find = async (filter: ShowFilter) => {
    if (shows.size >= MOST) return
    for await (const show of tickets.listShows({ ...filter, limit: MOST })) shows.set(show.id, show)
  }
  if (/[\p{L}\p{N}]/u.test(typed)) await find({ search: typed })
  if (/^[0-9a-f-]{4,}$/i.test(typed)) {
    const show = await tickets.findShow(typed).catch(() => undefined)
    if (show) shows.set(show.id, show)
  }
  if (shows.size === 0) {
    await find({ upcoming: true })
    await find({})
  }
  return [...shows.values()]
}

const statusesFor: Record<string, BookingStatus[]> = {
  confirm: ['HELD'],
  move: ['HELD', 'CONFIRMED'],
  cancel: ['HELD', 'CONFIRMED'],
  'check-in': ['CONFIRMED'],
  print: ['CONFIRMED'],
}

async function bookingCandidates(
  tickets: Tickets,
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
  tickets: Tickets,
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
  tickets: Tickets,
  { args, values }: Cursor,
  command: string,
): Promise<Iterable<string>> {
  const [first] = args
  if (command === 'book') return first === undefined ? [] : freeSeats(await tickets.viewShow(first))
  if (command === 'list' || command === 'history') {
    const show = values.get('show') ?? first
    return show === undefined ? [] : labelsOf(await tickets.findShow(show), () => true)
  }
  if (first === undefined) return []
  const booking = await tickets.findBooking(first)
  if (command !== 'move') return booking.seatLabels
  return freeSeats(await tickets.viewShow(values.get('toShow') ?? booking.showId))
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
