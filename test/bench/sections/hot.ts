import { bestOf, connections, HOT_HOUSE, LOOP_CONNECTIONS, salesRate } from '../loop.js'
import { interleave } from '../measure.js'
import { hasPgbench, pgbenchRate } from '../pgbench.js'
import { compare, type Measurement } from '../result.js'
import { withWorkers } from '../worker.js'
import type { Section } from './section.js'

const CALLERS = [1, 32, 256, 1000]
const UNIT = 'bookings/s'

/** A sale that opens at noon: one show, one process, everybody at once. */
export const hot: Section = {
  name: 'hot',
  title: 'One hot show through the library: confirmed, durable bookings a second',
  async run({ server, isQuick, progress }) {
    const database = await server.createDatabase('hot')
    const files = {
      library: { file: 'library.mjs', args: [database.url] },
      loop: { file: 'plain-loop.mjs', args: [JSON.stringify(database.connection)] },
    }
    return withWorkers(files, async ({ library, loop }) => {
      const few = isQuick ? 100 : 2000
      const many = isQuick ? 1000 : HOT_HOUSE
      const samples = await interleave(isQuick ? 1 : 3, {
        ...byNumber('loop', LOOP_CONNECTIONS, (callers) =>
          salesRate(loop, database, { count: few, callers }),
        ),
        ...byNumber('library', CALLERS, (callers) =>
          salesRate(library, database, { count: callers === 1 ? few : many, callers }),
        ),
      })
      const best = bestOf(LOOP_CONNECTIONS.map((n) => [String(n), samples[`loop ${n}`]!]))
      const base = {
        what: `pg loop, ${connections(best.connections)}`,
        samples: best.samples,
      }
      const measurements: Measurement[] = CALLERS.map((callers) => ({
        ...compare(`library, ${callersOf(callers)}`, samples[`library ${callers}`]!, UNIT, base),
        ...(callers === 256 && { targets: [{ of: 'ratio', atLeast: 15 }] }),
      }))
      measurements.push(
        {
          ...compare('library, 1 caller', samples['library 1']!, UNIT, {
            what: 'pg loop, 1 connection',
            samples: samples['loop 1']!,
          }),
          targets: [{ of: 'ratio', atLeast: 0.9 }],
        },
        ...LOOP_CONNECTIONS.map((n) =>
          compare(`pg loop, ${connections(n)}`, samples[`loop ${n}`]!, UNIT),
        ),
      )
      measurements[CALLERS.length - 1]!.peakMb = await library.peakMb()
      measurements.at(-1)!.peakMb = await loop.peakMb()
      if (!(await hasPgbench())) {
        return { measurements, notes: ['pgbench is not installed here.'] }
      }
      progress('pgbench …')
      const pgbench = await interleave(
        isQuick ? 1 : 3,
        byNumber('pgbench', LOOP_CONNECTIONS, (clients) =>
          pgbenchRate(database, { clients, count: few }),
        ),
      )
      const fastest = bestOf(LOOP_CONNECTIONS.map((n) => [String(n), pgbench[`pgbench ${n}`]!]))
      measurements.push(
        compare(`pgbench, ${connections(fastest.connections)}`, fastest.samples, UNIT, base),
      )
      return { measurements }
    })
  },
}

function byNumber(
  name: string,
  numbers: readonly number[],
  measure: (number: number) => Promise<number>,
): Record<string, () => Promise<number>> {
  return Object.fromEntries(numbers.map((n) => [`${name} ${n}`, () => measure(n)]))
}

function callersOf(count: number): string {
  return count === 1 ? '1 caller' : `${count.toLocaleString('en-GB')} callers`
}
