import type { RetryCause } from '../database/failures.js'
import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { decide, type Refusal } from '../house/decide.js'
import { MAX_SEATS, type SeatLayout } from '../house/seats.js'
import { TicketsError } from '../shared/errors.js'
import { knownLayout, layoutOfShow, readLayout } from '../shows/layouts.js'
import { heldSeats, houseOf, layoutOf, selectHouse } from '../shows/locked-house.js'
import { showNotFound } from '../shows/shows.js'
import { type Draft, draftOf, outcomeOf, renew } from './attempt.js'
import type { BookedRow, BookingOutcome, BookingRequest } from './booking.js'
import { recordDrafts } from './record-attempt.js'
import { settle } from './settle.js'

/** Bounds of one call that books. */
export interface BookingOptions {
  /** Hears of each new try: why, and what was thrown. */
  onRetry?: (cause: RetryCause, error: unknown) => void
  /** Hears, under the show's lock, how long it was waited for, in milliseconds. */
  onLock?: (waitedMs: number) => void
  /** Resolves when those who came before have the show's lock: until then, these are only recorded. */
  turn?: Promise<void> | undefined
  /** When aborted before the request is decided, it is not made: INTERRUPTED. */
  signal?: AbortSignal
  /** Asked under the lock, before the request with this place in the batch is decided. */
  isWanted?: ((place: number) => boolean) | undefined
}

/**
 * Books a batch of requests for one show, in their order; a single booking is a batch of one.
 *
 * 1. The requests are recorded as PENDING under ids made here, and committed.
 * 2. A transaction begins,
 * 3. locks the show's row,
 * 4. reads, under the lock, what became of these bookings already, who holds seats, and which
 *    attempts were abandoned, and decides each request,
 * 5. writes the show once and the outcomes once, and commits.
 * 6. If the connection dies, COMMIT included, steps 1 to 5 run again with the same ids: a record that
 *    is there stays as it is, and the lost transaction kept the lock until it ended, so the new one
 *    sees its verdict.
 *
 * Returns, for each request, its outcome (a refused one is a FAILED booking with its reason) or
 * the error that concerns it alone: INVALID_INPUT, NO_SUCH_SEAT, KEY_REUSED, or a bug's.
 *
 * Throws what concerns them all: SHOW_NOT_FOUND, BUSY, INTERRUPTED and the database's own.
 */
export async function bookSeats(
  db: Database,
  showId: string,
  requests: readonly BookingRequest[],
  options: BookingOptions = {},
): Promise<(BookingOutcome | Error)[]> {
  const { layout, drafts } = await draftAll(db, showId, requests)
  const { isWanted } = options
  if (isWanted) {
    for (const [place, draft] of drafts.entries()) {
      if (!(draft instanceof TicketsError)) draft.isWanted = () => isWanted(place)
    }
  }
  const valid = drafts.filter((draft): draft is Draft => !(draft instanceof TicketsError))
  await bookDrafts(db, showId, valid, options)
  const moved = await layoutsOfMoved(db, showId, valid)
  return drafts.map((draft) => {
    if (draft instanceof TicketsError) return draft
    if (draft.error) return draft.error
    const layoutNow = draft.row!.show_id === showId ? layout : moved.get(draft.row!.show_id)!
    return outcomeOf(draft, layoutNow)
  })
}

/**
 * What a key booked may have moved to another house since. The bookings are committed: where that
 * house cannot be read, they are reported with the numbers of their seats as labels.
 */
async function layoutsOfMoved(
  db: Database,
  showId: string,
  drafts: Draft[],
): Promise<Map<string, SeatLayout>> {
  const shows = new Set(drafts.flatMap(({ row }) => row?.show_id ?? []))
  shows.delete(showId)
  const layouts = new Map<string, SeatLayout>()
  for (const id of shows) layouts.set(id, await layoutOfShow(db, id).catch(() => NUMBERS_ONLY))
  return layouts
}

const NUMBERS_ONLY: SeatLayout = { totalSeats: MAX_SEATS, seatsPerRow: null }

/**
 * Says what a booking would get if it were made now, without a trace in the database: the seats.
 * Throws like a booking: INVALID_INPUT, NO_SUCH_SEAT, SEATS_TAKEN, NOT_ENOUGH_SEATS, …
 */
export async function previewSeats(
  db: Database,
  showId: string,
  request: BookingRequest,
): Promise<number[]> {
  return withRetry(db, () =>
    db.knex.transaction(
      async (trx) => {
        const show = await selectHouse(trx, showId)
        if (show === undefined) throw showNotFound(showId)
        const draft = draftOf(request, showId, layoutOf(show))
        if (draft instanceof TicketsError) throw draft
        const verdict = decide(houseOf(show, await heldSeats(trx, showId)), draft.wanted)
        if ('refusal' in verdict) throw refusalError(verdict.refusal)
        return [...verdict.seats]
      },
      { readOnly: true, isolationLevel: 'repeatable read' },
    ),
  )
}

/** The error that tells of a refusal, with the FAILED booking that records it. */
export function refusalError(refusal: Refusal, outcome?: BookingOutcome): TicketsError {
  return new TicketsError(refusal.code, refusal.message, { ...refusal, outcome })
}

async function draftAll(db: Database, showId: string, requests: readonly BookingRequest[]) {
  const draftFor = (layout: SeatLayout) => ({
    layout,
    drafts: requests.map((request) => draftOf(request, showId, layout)),
  })
  const known = knownLayout(db, showId)
  if (known !== undefined) {
    const drafted = draftFor(known)
    const isBeyond = (draft: Draft | TicketsError) =>
      draft instanceof TicketsError && draft.code === 'NO_SUCH_SEAT'
    // Perhaps the house has grown since.
    if (!drafted.drafts.some(isBeyond)) return drafted
  }
  return draftFor(await readLayout(db, showId))
}

/**
 * Books the drafts together. Where one of them is more than the database can take, they are booked
 * in halves, and so on, under the same ids: only the culprit fails, with its own error.
 */
async function bookDrafts(
  db: Database,
  showId: string,
  drafts: Draft[],
  options: BookingOptions,
): Promise<void> {
  try {
    await bookTogether(db, showId, drafts, options)
  } catch (error) {
    // What is expected (no connection, no such show) concerns them all.
    if (error instanceof TicketsError || drafts.length === 1) throw error
    const middle = drafts.length >> 1
    for (const half of [drafts.slice(0, middle), drafts.slice(middle)]) {
      await bookDrafts(db, showId, half, options).catch((culprits) => {
        for (const draft of half) if (draft.row === undefined) draft.error ??= culprits
      })
    }
  }
}

async function bookTogether(
  db: Database,
  showId: string,
  drafts: Draft[],
  options: BookingOptions,
): Promise<void> {
  await withRetry(db, () => recordDrafts(db, showId, drafts), options)
  const recorded = drafts.filter((draft) => draft.error === undefined)
  if (recorded.length === 0) return
  await options.turn
  await settle(db, showId, recorded, options)

  // A key whose earlier attempt was abandoned, after it was found and before the lock, is free.
  const orphaned = recorded.filter((draft) => draft.isReplay && isAbandoned(draft.row))
  orphaned.forEach(renew)
  if (orphaned.length > 0) await bookDrafts(db, showId, orphaned, options)
}

function isAbandoned(row: BookedRow | undefined): boolean {
  return row?.failure?.code === 'ABANDONED'
}
