import { performance } from 'node:perf_hooks'
import type { BookingRequest } from '../../../client/api.js'
import { violationJson } from '../../../client/json.js'
import type { Client, ConfirmedAnswer } from '../../../client/open-client.js'
import { startProgress } from '../../../terminal/progress.js'
import type { Context } from '../../context.js'
import { type Attempt, type LoadSummary, type LoadWorker, runLoad, summarizeLoad } from './load.js'

export interface LoadRunOptions {
  showId: string
  requests: readonly BookingRequest[]
  concurrency: number
  worker: LoadWorker
}

/** A load, its results, and what was found when the show was verified afterwards. */
export interface LoadRun {
  attempts: Attempt[]
  summary: LoadSummary
  /** As `verify --json` prints them; a confirmed booking that the database lost is one too. */
  violations: { code: string; show_id: string | null; message: string }[]
  /** How many shows and bookings were verified, and how many violations are not listed. */
  checked: { shows: number; bookings: number; unlisted: number }
  /** Why the run is no proof, in sentences: bookings failed unexpectedly, or none succeeded. */
  problems: string[]
}

/** Makes all the requests with a progress bar, then verifies the show. Throws INTERRUPTED. */
export async function runAndCheck(
  { output, signal }: Context,
  tickets: Client,
  options: LoadRunOptions,
): Promise<LoadRun> {
  const { showId, requests } = options
  const progress = await startProgress(output, { title: 'Booking', total: requests.length })
  const started = performance.now()
  let attempts: Attempt[]
  try {
    attempts = await runLoad(requests, { ...options, signal, onDone: progress.update })
  } finally {
    progress.stop()
  }
  const summary = summarizeLoad(attempts, performance.now() - started)
  const report = await tickets.verify({ show: showId, signal })
  const confirmed = attempts.flatMap((attempt) => attempt.confirmed ?? [])
  const lost = await tickets.findLostBookings(showId, confirmed)
  return {
    attempts,
    summary,
    violations: [
      ...report.violations.map(violationJson),
      ...lost.map((booking) => lostViolation(booking, showId)),
    ],
    checked: { shows: report.shows, bookings: report.bookings, unlisted: report.unlisted },
    problems: problemsOf(summary),
  }
}

/** Whether there were bookings to test, no unexpected failures, and no violations. */
export function isProof({ violations, checked, problems }: LoadRun): boolean {
  return violations.length + checked.unlisted + problems.length === 0
}

function lostViolation({ id, seats }: ConfirmedAnswer, showId: string) {
  const message = `Booking ${id} was confirmed with ${seats.length === 1 ? 'seat' : 'seats'} ${seats.join(', ')}, but the database has lost or changed it.`
  return { code: 'CONFIRMED_BUT_LOST', show_id: showId, message }
}

function problemsOf({ confirmed, failed, reasons }: LoadSummary): string[] {
  const unexplained = reasons.filter(({ end }) => end === 'failed')
  const shown = unexplained.slice(0, 5).map(({ reason, count }) => `${count} × ${reason}`)
  return [
    ...(failed > 0 ? [`Some bookings failed unexpectedly (${shown.join('; ')}).`] : []),
    ...(confirmed === 0 ? ['No booking succeeded, so the run tested nothing.'] : []),
  ]
}
