import { fastest, type Result, sellInTurn, withContenders } from '../contenders.js'
import type { Contender } from '../crowd.js'
import { median } from '../measure.js'
import { compare, type Measurement } from '../result.js'
import { formatNumber, formatRows } from '../table.js'
import type { Bench, Section } from './section.js'

const CALLERS = [1, 8, 32, 128, 256]
const HOUSES = [1000, 100_000]
const ROUNDS = 5
const UNIT = 'bookings/s'

/** One popular show: ours against the usual ways with plain SQL. */
export const peers: Section = {
  name: 'peers',
  title: 'One hot show, single seats: confirmed, durable bookings a second, ours and plain SQL',
  async run(bench) {
    return withContenders(bench.server, 'peers', async ({ ours, peers }) => {
      const isOurs = ({ name }: Result) => name === ours.name
      const tables: string[] = []
      let largest: Result[] = []
      for (const seats of HOUSES) {
        largest = await measure(bench, [...peers, ours], seats)
        tables.push(`A house of ${seats.toLocaleString('en-GB')}:\n\n${tableOf(largest, isOurs)}`)
      }
      const points = largest.flatMap(({ name, callers, rates, p99s }) => [
        { panel: 'rate' as const, series: name, x: callers, y: median(rates) },
        { panel: 'p99' as const, series: name, x: callers, y: median(p99s) },
      ])
      // There is no p99 if nothing was answered in the window, as a queue may be longer.
      const drawn = points.filter(({ y }) => y > 0 && Number.isFinite(y))
      return { measurements: goalsOf(largest, isOurs), tables, points: drawn }
    })
  },
}

function measure(
  { isQuick, progress }: Bench,
  contenders: Contender[],
  seats: number,
): Promise<Result[]> {
  progress(`a house of ${seats.toLocaleString('en-GB')}`)
  const cases = CALLERS.flatMap((callers) =>
    contenders.map((contender) => ({ contender, crowd: { callers, seats } })),
  )
  return sellInTurn(isQuick ? 1 : ROUNDS, cases)
}

/** The goals are for the largest house. */
function goalsOf(results: Result[], isOurs: (result: Result) => boolean): Measurement[] {
  const at = (callers: number, name?: string) =>
    results.find((one) => one.callers === callers && (name ? one.name === name : isOurs(one)))!
  const goal = (callers: number, base: Result, atLeast?: number): Measurement => ({
    ...compare(`tickets, ${callersOf(callers)}`, at(callers).rates, UNIT, {
      what: `${base.name}, ${base.callers === 1 ? '1 client' : `${base.callers} clients`}`,
      samples: base.rates,
    }),
    ...(atLeast && { targets: [{ of: 'ratio', atLeast }] }),
  })
  const peers = results.filter((one) => !isOurs(one))
  return [
    goal(1, at(1, 'locked row'), 0.6),
    goal(1, fastest(peers.filter((one) => one.callers === 1))),
    goal(8, at(8, 'compare and set'), 0.8),
    goal(32, at(32, 'compare and set'), 2),
    goal(256, fastest(peers), 4),
  ]
}

/** Bookings a second and p99, by number of callers. */
function tableOf(results: Result[], isOurs: (result: Result) => boolean): string {
  const names = [...new Set(results.map(({ name }) => name))]
  const rows = CALLERS.map((callers) => {
    const own = results.filter((one) => one.callers === callers)
    const best = fastest(own.filter((one) => !isOurs(one)))
    const ratio = median(own.find(isOurs)!.rates) / median(best.rates)
    return [callers.toLocaleString('en-GB'), ...own.map(cellOf), formatNumber(ratio)]
  })
  return formatRows(['callers', ...names, '÷ the fastest peer'], rows)
}

function cellOf({ rates, p99s }: Result): string {
  return `${formatNumber(median(rates))}, p99 ${formatNumber(median(p99s))} ms`
}

function callersOf(count: number): string {
  return count === 1 ? '1 caller' : `${count.toLocaleString('en-GB')} callers`
}
