import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Daemon, program } from '../child.js'
import { interleave } from '../measure.js'
import { compare } from '../result.js'
import { addShow } from '../shows.js'
import type { Section } from './section.js'

const plainBook = fileURLToPath(new URL('../plain-book.mjs', import.meta.url))
const bundleScript = fileURLToPath(new URL('../bundle.mjs', import.meta.url))
const cached = fileURLToPath(new URL('../cached.cjs', import.meta.url))

/** The cost of starting, booking one seat, and exiting. */
export const cli: Section = {
  name: 'cli',
  title: 'One whole `tickets book --json`: CPU, user and system',
  async run({ server, runner, isQuick }) {
    const database = await server.createDatabase('cli')
    const show = await addShow(database, 10_000)
    let seat = 0
    const book = () => bookArgs(database.url, show, ++seat)
    const plainArgs = () => [JSON.stringify(database.connection), show, String(++seat)]
    const plain = () => [plainBook, ...plainArgs()]
    const bundle = await bundlePlainBook(server.directory)
    const bundled = () => [cached, bundle, ...plainArgs()]
    await runner.cpuMs(bundled())
    const bare = () => ['-e', '0']

    return runner.withDaemon(database.url, async (through, daemon) => {
      const samples = await interleave(isQuick ? 3 : 40, {
        bare: () => runner.cpuMs(bare()),
        book: () => runner.cpuMs(book()),
        through: () => withShareOf(daemon, () => through.cpuMs(book())),
        bundled: () => runner.cpuMs(bundled()),
        plain: () => runner.cpuMs(plain()),
      })
      const ofBare = { what: 'node -e 0', samples: samples.bare }
      const ofPlain = { what: 'plain knex script', samples: samples.plain }
      const ofBundled = { what: 'the same, bundled', samples: samples.bundled }
      return {
        measurements: [
          {
            ...compare(
              'book through a daemon, its share included',
              samples.through,
              'ms CPU',
              ofBare,
            ),
            peakMb: await through.peakMb([book()], 1),
            targets: [{ of: 'ratio', atMost: 2 }],
          },
          {
            ...compare('book, by itself', samples.book, 'ms CPU', ofBare),
            peakMb: await runner.peakMb([book()], 1),
            targets: [{ of: 'ratio', atMost: 2.1 }],
          },
          compare('book, by itself', samples.book, 'ms CPU', ofPlain),
          compare('book, by itself', samples.book, 'ms CPU', ofBundled),
          {
            ...compare('plain knex script', samples.plain, 'ms CPU', ofBare),
            peakMb: await runner.peakMb([plain()], 1),
          },
          {
            ...compare('the same, bundled, with a code cache', samples.bundled, 'ms CPU', ofBare),
            peakMb: await runner.peakMb([bundled()], 1),
          },
          {
            ...compare('node -e 0', samples.bare, 'ms CPU'),
            peakMb: await runner.peakMb([bare()], 1),
          },
        ],
      }
    })
  },
}

async function bundlePlainBook(directory: string): Promise<string> {
  const bundle = join(directory, 'plain-book.cjs')
  await promisify(execFile)(process.execPath, [bundleScript, plainBook, bundle])
  return bundle
}

/** The cost of a process, and the CPU that the daemon uses for it. */
async function withShareOf(daemon: Daemon, work: () => Promise<number>): Promise<number> {
  const before = await daemon.cpuMs()
  return (await work()) + (await daemon.cpuMs()) - before
}

/** The command line of one booking. */
export function bookArgs(url: string, show: string, seat: number): string[] {
  return [program, 'book', show, '--seats', String(seat), '--db', url, '--json']
}
