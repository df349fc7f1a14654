import { rushInTurn, withContenders } from '../contenders.js'
import { median } from '../measure.js'
import { compare } from '../result.js'
import { formatNumber, formatRows } from '../table.js'
import type { Section } from './section.js'

const CROWD = { callers: 100, seats: 1000, looks: 9 }
const ROUNDS = 5

/** Buyers look at the map before they book. */
export const mixed: Section = {
  name: 'mixed',
  title: `${CROWD.looks} looks at the map for each booking, a house of 1,000, ${CROWD.callers} callers`,
  async run({ server, isQuick }) {
    return withContenders(server, 'mixed', async ({ ours, peers }) => {
      const contenders = [...peers, ours]
      const rushes = await rushInTurn(
        isQuick ? 1 : ROUNDS,
        contenders.map((contender) => ({ contender, crowd: CROWD })),
      )
      const results = contenders.map(({ name }, i) => ({
        name,
        rates: rushes[i]!.map((rush) => rush.actsPerSecond),
        p99s: rushes[i]!.map((rush) => rush.p99Ms),
      }))
      const own = results.pop()!
      const fastest = results.toSorted((a, b) => median(b.rates) - median(a.rates))[0]!
      return {
        tables: [
          formatRows(
            ['', 'looks and bookings a second', 'p99 of a booking'],
            [...results, own].map(({ name, rates, p99s }) => [
              name,
              formatNumber(median(rates)),
              `${formatNumber(median(p99s))} ms`,
            ]),
          ),
        ],
        measurements: [
          compare(`${own.name}, looks and bookings`, own.rates, '/s', {
            what: fastest.name,
            samples: fastest.rates,
          }),
        ],
      }
    })
  },
}
