import { fastest, formatResults, sellInTurn, withContenders } from '../contenders.js'
import { compare } from '../result.js'
import type { Section } from './section.js'

const CROWD = { callers: 100, seats: 1000, looks: 9 }
const ROUNDS = 5

/** Buyers read the map before they book. */
export const mixed: Section = {
  name: 'mixed',
  title: `${CROWD.looks} looks at the map for each booking, a house of 1,000, ${CROWD.callers} callers`,
  async run({ server, isQuick }) {
    return withContenders(server, 'mixed', async ({ ours, peers }) => {
      const results = await sellInTurn(
        isQuick ? 1 : ROUNDS,
        [...peers, ours].map((contender) => ({ contender, crowd: CROWD })),
      )
      const own = results.at(-1)!
      const best = fastest(results.slice(0, -1))
      return {
        tables: [formatResults(['looks and bookings a second', 'p99 of a booking'], results)],
        measurements: [
          compare(`${ours.name}, looks and bookings`, own.rates, '/s', {
            what: best.name,
            samples: best.rates,
          }),
        ],
      }
    })
  },
}
