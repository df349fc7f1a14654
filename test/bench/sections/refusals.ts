import { formatResults, sellInTurn, withContenders } from '../contenders.js'
import { compare } from '../result.js'
import type { Section } from './section.js'

const CROWD = { callers: 256, seats: 100_000 }
const ROUNDS = 5

/** When a popular sale opens, most requests come after the seats are sold. */
export const refusals: Section = {
  name: 'refusals',
  title: `A show that is sold out: refusals a second, ${CROWD.callers} callers`,
  async run({ server, isQuick }) {
    return withContenders(server, 'refusals', async ({ ours, peers }) => {
      const results = await sellInTurn(isQuick ? 1 : ROUNDS, [
        ...[...peers, ours].map((contender) => ({
          contender,
          crowd: { ...CROWD, isSoldOut: true },
        })),
        { contender: ours, crowd: CROWD },
      ])
      const sales = results.pop()!
      const own = results.at(-1)!
      return {
        tables: [formatResults(['refusals a second', 'p99'], results)],
        measurements: [
          {
            ...compare('tickets, refusals', own.rates, '/s', {
              what: 'its sales',
              samples: sales.rates,
            }),
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
