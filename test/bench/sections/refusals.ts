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
      const contenders = [...peers, ours]
      const cases = contenders.flatMap((contender) =>
        [true, false].map((isSoldOut) => ({
          contender,
          crowd: { callers: CALLERS, seats: SEATS, isSoldOut },
        })),
      )
      const rushes = await rushInTurn(isQuick ? 1 : ROUNDS, cases)
      const results = contenders.map(({ name }, i) => ({
        name,
        refusals: rushes[2 * i]!.map((rush) => rush.bookingsPerSecond),
        p99s: rushes[2 * i]!.map((rush) => rush.p99Ms),
        sales: rushes[2 * i + 1]!.map((rush) => rush.bookingsPerSecond),
      }))
      const { name, refusals, p99s, sales } = results.at(-1)!
      return {
        tables: [
          formatRows(
            ['', 'refusals/s', 'p99', 'sales/s', 'refusals ÷ sales'],
            results.map((one) => [
              one.name,
              formatNumber(median(one.refusals)),
              `${formatNumber(median(one.p99s))} ms`,
              formatNumber(median(one.sales)),
              formatNumber(median(one.refusals) / median(one.sales)),
            ]),
          ),
        ],
        measurements: [
          {
            ...compare(`${name}, refusals`, refusals, '/s', { what: 'its sales', samples: sales }),
            targets: [{ of: 'ratio', atLeast: 3 }],
          },
          {
            ...compare(`${name}, p99 of a refusal`, p99s, 'ms'),
            targets: [{ of: 'value', atMost: 100 }],
          },
        ],
      }
    })
  },
}
