import { rushInTurn, withContenders } from '../contenders.js'
import { median } from '../measure.js'
import { compare } from '../result.js'
import { formatNumber, formatRows } from '../table.js'
import type { Section } from './section.js'

const CALLERS = 256
const SEATS = 100_000
const ROUNDS = 5

/** Most of a rush comes when the seats are gone. */
export const refusals: Section = {
  name: 'refusals',
  title: `A show that is sold out: refusals a second, ${CALLERS} callers`,
  async run({ server, isQuick }) {
    return withContenders(server, 'refusals', async ({ ours, peers }) => {
      const crowd = { callers: CALLERS, seats: SEATS }
      const contenders = [...peers, ours]
      const rushes = await rushInTurn(isQuick ? 1 : ROUNDS, [
        ...contenders.map((contender) => ({ contender, crowd: { ...crowd, isSoldOut: true } })),
        { contender: ours, crowd },
      ])
      const sales = rushes.pop()!.map((rush) => rush.bookingsPerSecond)
      const results = contenders.map(({ name }, i) => ({
        name,
        rates: rushes[i]!.map((rush) => rush.bookingsPerSecond),
        p99s: rushes[i]!.map((rush) => rush.p99Ms),
      }))
      const own = results.at(-1)!
      return {
        tables: [
          formatRows(
            ['', 'refusals a second', 'p99'],
            results.map(({ name, rates, p99s }) => [
              name,
              formatNumber(median(rates)),
              `${formatNumber(median(p99s))} ms`,
            ]),
          ),
        ],
        measurements: [
          {
            ...compare('tickets, refusals', own.rates, '/s', { what: 'its sales', samples: sales }),
            targets: [{ of: 'ratio', atLeast: 3 }],
          },
          {
            ...compare('tickets, p99 of a refusal', own.p99s, 'ms'),
            targets: [{ of: 'value', atMost: 100 }],
          },
        ],
      }
    })
  },
}
