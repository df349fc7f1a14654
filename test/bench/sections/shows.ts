import { sellInTurn } from '../contenders.js'
import { ours, verifyOurs } from '../ours.js'
import { compare } from '../result.js'
import { withWorkers } from '../worker.js'
import type { Section } from './section.js'

const CROWD = { callers: 100, seats: 100_000 }
const ROUNDS = 5

/** Shows share no lock, only the disk: measures whether ten sell more than one. */
export const shows: Section = {
  name: 'shows',
  title: 'Ten shows at once through the library, ten callers each',
  async run({ server, isQuick }) {
    const database = await server.createDatabase('shows')
    const library = { file: 'library.mjs', args: [database.url] }
    return withWorkers({ library }, async ({ library }) => {
      const contender = ours(library, database)
      const [ten, one] = await sellInTurn(
        isQuick ? 1 : ROUNDS,
        [10, 1].map((showsAtOnce) => ({ contender, crowd: { ...CROWD, showsAtOnce } })),
      )
      await verifyOurs(library)
      const base = {
        what: 'one show, a hundred callers',
        samples: one!.rates,
      }
      return {
        measurements: [
          {
            ...compare('ten shows, ten callers each', ten!.rates, 'bookings/s', base),
            targets: [{ of: 'ratio', atLeast: 1.2 }],
          },
        ],
      }
    })
  },
}
