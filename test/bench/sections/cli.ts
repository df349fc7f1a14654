import { fileURLToPath } from 'node:url'
import { program } from '../child.js'
import { interleave } from '../measure.js'
import { compare } from '../result.js'
import { addShow } from '../shows.js'
import type { Section } from './section.js'

const plainBook = fileURLToPath(new URL('../plain-book.mjs', import.meta.url))

/** What it costs to start, book one seat, and end. */
export const cli: Section = {
  name: 'cli',
  title: 'One whole `tickets book --json`: CPU, user and system',
  async run({ server, runner, isQuick }) {
    const database = await server.createDatabase('cli')
    const show = await addShow(database, 10_000)
    let seat = 0
    const book = () => bookArgs(database.url, show, ++seat)
    const plain = () => [plainBook, JSON.stringify(database.connection), show, String(++seat)]
    const bare = () => ['-e', '0']

    const samples = await interleave(isQuick ? 3 : 40, {
      bare: () => runner.cpuMs(bare()),
      book: () => runner.cpuMs(book()),
      plain: () => runner.cpuMs(plain()),
    })
    const ofBare = { what: 'node -e 0', samples: samples.bare }
    const ofPlain = { what: 'plain knex script', samples: samples.plain }
    const peakMb = await runner.peakMb([book()], 1)
    return {
      measurements: [
        {
          ...compare('book, one process', samples.book, 'ms CPU', ofBare),
          peakMb,
          targets: [{ of: 'ratio', atMost: 2 }],
        },
        compare('book, one process', samples.book, 'ms CPU', ofPlain),
        {
          ...compare('plain knex script', samples.plain, 'ms CPU', ofBare),
          peakMb: await runner.peakMb([plain()], 1),
        },
        {
          ...compare('node -e 0', samples.bare, 'ms CPU'),
          peakMb: await runner.peakMb([bare()], 1),
        },
      ],
    }
  },
}

/** The command line of one booking. */
export function bookArgs(url: string, show: string, seat: number): string[] {
  return [program, 'book', show, '--seats', String(seat), '--db', url, '--json']
}
