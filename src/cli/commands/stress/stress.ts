import type { RetryCause, Show } from '../../../client/api.js'
import type { Client } from '../../../client/open-client.js'
import { type FoundDaemon, queryDaemon } from '../../../daemon/control.js'
import { daemonLink } from '../../../daemon/socket.js'
import { invalidInput, TicketsError } from '../../../shared/errors.js'
import { formatNumber } from '../../../shared/numbers.js'
import type { Percentiles } from '../../../shared/percentiles.js'
import type { Context, Handler } from '../../context.js'
import { mayProceed } from '../../irrevocable.js'
import { ifNamed, namedShow } from '../../named-show.js'
import { planLoad } from './load-plan.js'
import { isProof, type LoadRun, runAndCheck } from './load-run.js'
import { parseStressOptions, type StressChoice, type StressOptions } from './options.js'
import { localWorker, processWorker } from './workers.js'

/**
 * `tickets stress [SHOW]`: many bookings at once, then the proof that no seat was oversold or lost.
 */
export const run: Handler<StressOptions, [string | undefined]> = async (context, options, name) => {
  const choice = parseStressOptions(options, name !== undefined)
  const retries: RetryCause[] = []
  const tickets = context.open({
    connections: choice.mode === 'in-process' ? Math.min(choice.concurrency, CONNECTIONS) : 1,
    ...(choice.mode === 'in-process' && { onRetry: (reason) => retries.push(reason) }),
  })
  context.nameDatabase(tickets)
  const { asking, output } = context
  const named = ifNamed({ name, date: options.date })
  if (named !== undefined) {
    const show = await namedShow({ asking, output, tickets }, named)
    await askLeave(context, show, { ...choice, isSure: options.yes ?? false })
    return stress(context, choice, { tickets, show, retries })
  }
  return tickets.withThrowaway(async (throwaway, schema) => {
    const show = await throwaway.createShow(throwawayShow(choice.totalSeats))
    return stress(context, choice, { tickets: throwaway, show, schema, retries })
  })
}

/** Where the load goes. */
interface Target {
  tickets: Client
  show: Show
  /** The throwaway schema; undefined for a named show. */
  schema?: string
  /** Collects the retries of this process. */
  retries: RetryCause[]
}

/** A show's lock allows one transaction at a time; more connections keep the next ones ready. */
const CONNECTIONS = 8

const DAY_MS = 86_400_000
const SEATS_PER_ROW = 20

function throwawayShow(totalSeats: number) {
  return {
    name: 'Stress',
    startTime: new Date(Date.now() + DAY_MS),
    totalSeats,
    seatsPerRow: Math.min(SEATS_PER_ROW, totalSeats),
  }
}

async function stress(context: Context, choice: StressChoice, target: Target): Promise<number> {
  const { tickets, show, schema, retries } = target
  const { concurrency, mode } = choice
  retries.length = 0
  const before = mode === 'daemon' ? await requireDaemon(context) : undefined
  const loadRun = await runAndCheck(context, tickets, {
    showId: show.id,
    requests: planLoad({ ...choice, layout: show }),
    concurrency,
    worker:
      mode === 'in-process'
        ? localWorker(tickets, show.id)
        : processWorker(context, { showId: show.id, schema, daemon: mode === 'daemon' }),
  })
  if (before) loadRun.problems.push(...(await bypassesOf(context, before, choice.bookings)))
  for (const reason of retries) loadRun.summary.retries[reason] += 1
  await announce(context, choice, target, loadRun)
  return isProof(loadRun) ? 0 : 7
}

function findDaemon({ options, output }: Context): Promise<FoundDaemon> {
  return queryDaemon(daemonLink(options.db, output.io.env))
}

async function requireDaemon(context: Context): Promise<FoundDaemon> {
  const daemon = await findDaemon(context)
  if (daemon.state === 'open') return daemon
  throw invalidInput(
    `The daemon of this database is ${daemon.state}. Start it with \`tickets daemon start\`, or leave out --daemon.`,
  )
}

/** A sentence if bookings did not go through the daemon, so that something else was measured. */
async function bypassesOf(context: Context, before: FoundDaemon, bookings: number) {
  const { served = 0, declined_because } = await findDaemon(context)
  const through = Math.max(0, served - (before.served ?? 0))
  if (through >= bookings) return []
  return [
    `Only ${through} of ${bookings} bookings went through the daemon. ${declined_because ?? ''}`,
  ]
}

async function announce(
  { output }: Context,
  choice: StressChoice,
  target: Target,
  loadRun: LoadRun,
): Promise<void> {
  if (output.json) return output.document(stressJson(choice, target, loadRun))
  const { renderStressReport } = await import('./report.js')
  const house = `${target.schema === undefined ? 'a house' : 'a throwaway house'} of ${formatNumber(target.show.totalSeats)} seats`
  await output.write(renderStressReport({ run: loadRun, choice, house }, output.style))
}

function stressJson(choice: StressChoice, { show, schema }: Target, loadRun: LoadRun) {
  const { summary, violations, checked, problems } = loadRun
  return {
    ok: isProof(loadRun),
    bookings: summary.bookings,
    confirmed: summary.confirmed,
    refused: summary.refused,
    busy: summary.busy,
    failed: summary.failed,
    seconds: rounded(summary.seconds),
    per_second: rounded(summary.perSecond),
    latency_ms: percentilesJson(summary.bookingMs),
    process_ms: choice.mode !== 'in-process' ? percentilesJson(summary.totalMs) : null,
    // The daemon does not report those of its runs.
    retries: choice.mode === 'daemon' ? null : summary.retries,
    reasons: summary.reasons,
    mode: choice.mode,
    concurrency: choice.concurrency,
    seed: choice.seed,
    show_id: show.id,
    total_seats: show.totalSeats,
    seats_sold: summary.seats,
    throwaway: schema !== undefined,
    problems,
    verified: { shows: checked.shows, bookings: checked.bookings },
    violations,
    ...(checked.unlisted > 0 && { unlisted: checked.unlisted }),
  }
}

function percentilesJson(percentiles: Percentiles | null) {
  if (percentiles === null) return { p50: null, p95: null, p99: null, max: null }
  const { p50, p95, p99, max } = percentiles
  return { p50: rounded(p50), p95: rounded(p95), p99: rounded(p99), max: rounded(max) }
}

function rounded(number: number): number {
  return Math.round(number * 10) / 10
}

/** Asks before a real show is booked: its bookings stay, and a slip would sell its house out. */
async function askLeave(
  context: Context,
  show: Show,
  { bookings, isSure }: { bookings: number; isSure: boolean },
): Promise<void> {
  const what = `up to ${formatNumber(bookings)} bookings`
  const isMeant = await mayProceed(context, {
    isSure,
    plan: `This makes ${what} for a real show, and does not remove them. Leave out the show to use a throwaway one.`,
    question: `Make ${what} for ${show.name}? They are not removed.`,
  })
  if (!isMeant) throw new TicketsError('INTERRUPTED', context.asking.unchanged)
}
