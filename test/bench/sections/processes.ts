import { interleave } from '../measure.js'
import { compare } from '../result.js'
import { addShow } from '../shows.js'
import { bookArgs } from './cli.js'
import type { Section } from './section.js'

const PARALLEL = 32

/** Many processes at once, for one show. */
export const processes: Section = {
  name: 'processes',
  title: `Many processes, ${PARALLEL} at a time, on one show: wall time`,
  async run({ server, runner, isQuick }) {
    const count = isQuick ? 40 : 200
    const database = await server.createDatabase('processes')
    const show = await addShow(database, 10_000)
    let seat = 0
    const bookings = () => Array.from({ length: count }, () => bookArgs(database.url, show, ++seat))
    const bare = Array.from({ length: count }, () => ['-e', '0'])

    return runner.withDaemon(database.url, async (through, daemon) => {
      const samples = await interleave(isQuick ? 1 : 5, {
        bare: () => runner.wallMs(bare, PARALLEL),
        alone: () => runner.wallMs(bookings(), PARALLEL),
        through: () => through.wallMs(bookings(), PARALLEL),
      })
      const what = `${count} bookings by ${count} processes`
      const base = { what: `${count} × node -e 0`, samples: samples.bare }
      return {
        measurements: [
          {
            ...compare(`${what}, through a daemon`, samples.through, 'ms', base),
            peakMb: await daemon.peakMb(),
            targets: [{ of: 'ratio', atMost: 1.8 }],
          },
          {
            ...compare(`${what}, each by itself`, samples.alone, 'ms', base),
            peakMb: await runner.peakMb(bookings(), PARALLEL),
            targets: [{ of: 'ratio', atMost: 2.3 }],
          },
        ],
      }
    })
  },
}
