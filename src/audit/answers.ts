import { formatReference, parseReference } from '../booking/references.js'
import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query, sqlArray, sqlLists } from '../database/sql.js'
import { invalidInput, TicketsError } from '../shared/errors.js'
import { isId } from '../shared/ids.js'
import { type Line, readLines } from '../shared/lines.js'
import { quote } from '../shared/quote.js'
import { nameSeats, sampleOf, type Violation } from './violations.js'

export interface AnswersOptions {
  /** The id of the only show whose answers count. */
  show?: string | undefined
  /** Receives each answer that the database does not keep. */
  onViolation: (violation: Violation) => void
  /** When aborted, the work throws INTERRUPTED. */
  signal?: AbortSignal | undefined
}

/**
 * Compares answers that clients received with the database, in constant memory, and returns how
 * many of them reported a booking as CONFIRMED or HELD. `chunks` has a JSON document on each line,
 * as `book --json`, `book --file --json` and `POST …/book` print them; errors do not count as
 * bookings. The history explains a booking that has changed since.
 *
 * Throws INVALID_INPUT, with the number of the line, for anything else.
 */
export async function checkAnswers(
  db: Database,
  chunks: AsyncIterable<Uint8Array>,
  { show, onViolation, signal }: AnswersOptions,
): Promise<number> {
  let count = 0
  let batch: Answer[] = []
  let seats = 0
  const check = async () => {
    if (signal?.aborted) throw new TicketsError('INTERRUPTED', 'Interrupted.')
    for (const unkept of await findUnkept(db, batch)) onViolation(violationOf(unkept))
    count += batch.length
    batch = []
    seats = 0
  }
  for await (const lines of readLines(chunks)) {
    for (const line of lines) {
      const reported = answerOf(line)
      if (reported === undefined || (show !== undefined && reported.showId !== show)) continue
      batch.push(reported)
      seats += reported.seats.length
      if (batch.length >= ANSWERS_A_BATCH || seats >= SEATS_A_BATCH) await check()
    }
  }
  await check()
  return count
}

const ANSWERS_A_BATCH = 1000
const SEATS_A_BATCH = 100_000

/** A booking as an answer reported it. */
export interface ReportedBooking {
  id: string
  showId: string
  status: 'CONFIRMED' | 'HELD'
  seats: readonly number[]
}

interface Answer extends ReportedBooking {
  line: number
  /** Without the dash. */
  reference: string
}

/** Returns undefined for a line that reports no seats as sold or held. */
function answerOf({ number, text }: Line): Answer | undefined {
  if (text instanceof TicketsError) throw badLine(number, text.message)
  if (text.trim() === '') return undefined
  const answer = objectOf(text)
  if (answer === undefined) throw badLine(number, 'It is not a JSON object.')
  if (isObject(answer.error) || answer.dry_run === true) return undefined
  const { id, reference, show_id: showId, status, seats } = answer
  const stored = typeof reference === 'string' ? parseReference(reference) : undefined
  const isBooking = isIdText(id) && isIdText(showId) && stored && typeof status === 'string'
  if (!isBooking || !isSeats(seats)) {
    throw badLine(number, 'It has neither the fields of a booking nor those of an error.')
  }
  if (status !== 'CONFIRMED' && status !== 'HELD') return undefined
  return { line: number, id, reference: stored, showId: showId.toLowerCase(), status, seats }
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isIdText(value: unknown): value is string {
  return typeof value === 'string' && isId(value)
}

function isSeats(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.every((seat) => Number.isInteger(seat) && seat > 0 && seat < 2 ** 31)
  )
}

function badLine(number: number, reason: string): TicketsError {
  return invalidInput(
    `Line ${number} is not an answer of \`tickets book --json\`. ${reason} Remove or correct the line.`,
  )
}

/** A reported booking, and what the database has in its place. */
interface Unkept<Reported> {
  reported: Reported
  /** NULL if there is no such booking. */
  status: string | null
  show_id: string | null
  seats: number[] | null
}

/**
 * Returns the reported bookings that the database contradicts: neither the booking nor its history
 * has them so.
 */
export async function findUnkept<Reported extends ReportedBooking>(
  db: Database,
  reported: readonly Reported[],
): Promise<Unkept<Reported>[]> {
  if (reported.length === 0) return []
  const values = [
    sqlArray(reported.map(({ id }) => id)),
    sqlArray(reported.map(({ showId }) => showId)),
    sqlArray(reported.map(({ status }) => status)),
    sqlLists(reported.map(({ seats }) => seats)),
  ]
  // Each batch may wait by itself: the source of the answers may be slow.
  const find = () =>
    query<Omit<Unkept<never>, 'reported'> & { ordinal: number }>(db.knex, UNKEPT, values)
  const rows = await withRetry(db, find, { waitMs: db.waitMs })
  return rows.map(({ ordinal, ...stored }) => ({ reported: reported[ordinal - 1]!, ...stored }))
}

const matches = (facts: string, has: string) =>
  `(${facts} ->> 'show_id', ${facts} ->> 'status', ${facts} -> 'seats')
   = (${has}.show_id::text, ${has}.status, to_jsonb(${has}.seats))`

/**
 * The answers that the database contradicts. The history explains a difference if it knows the
 * state that was reported, and leads to the present one. A statement reads one snapshot.
 */
const UNKEPT = `
  select reported.ordinal::integer as ordinal, b.status, b.show_id, b.seats
  from (
    select id, show_id, status, seats::integer[] as seats, ordinal
    from unnest(?::uuid[], ?::uuid[], ?::text[], ?::text[])
      with ordinality as answers (id, show_id, status, seats, ordinal)
  ) as reported
  left join bookings b on b.id = reported.id
  where b.id is null
     or (b.show_id, b.status, b.seats) is distinct from (reported.show_id, reported.status, reported.seats)
        and not (
          exists (
            select from history h
            where h.booking_id = b.id
              and (${matches('h.before', 'reported')} or ${matches('h.after', 'reported')})
          )
          and exists (
            select from (
              select after from history h
              where h.booking_id = b.id and after ->> 'status' is not null
              order by h.id desc limit 1
            ) as latest
            where ${matches('latest.after', 'b')}
          )
        )
  order by reported.ordinal`

function violationOf({ reported, status, show_id, seats }: Unkept<Answer>): Violation {
  const { line, showId, reference } = reported
  const stated = `Line ${line} of the answers says that booking ${formatReference(reference)} is ${reported.status} with ${named(reported.seats)}`
  const show = show_id === showId ? '' : ` in show ${show_id}`
  return {
    code: status === null ? 'ANSWER_LOST' : 'ANSWER_CONTRADICTED',
    showId,
    message:
      status === null
        ? `${stated}, and the database has no such booking.`
        : `${stated}, but it is ${quote(status)} with ${named(seats!)}${show}, and its history does not explain that.`,
    seats: sampleOf(reported.seats).items,
    bookings: [formatReference(reference)],
  }
}

function named(seats: readonly number[]): string {
  return seats.length === 0
    ? 'no seats'
    : nameSeats(sampleOf(seats), { totalSeats: 0, seatsPerRow: null })
}
