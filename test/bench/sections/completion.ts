import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { program } from '../child.js'
import { loadDatabase, showName } from '../load.js'
import { interleave } from '../measure.js'
import { compare } from '../result.js'
import type { BenchDatabase } from '../server.js'
import { addShow } from '../shows.js'
import type { Section } from './section.js'

const SHOWS = 1000
/** If it takes longer, the user wonders whether the key was noticed. */
const MOST_MS = 150

/** The time that a press of Tab takes. */
export const completion: Section = {
  name: 'completion',
  title: `A press of Tab: the whole process that the shell waits for, ${SHOWS.toLocaleString('en-GB')} shows`,
  async run({ server, runner, isQuick }) {
    const database = await server.createDatabase('completion')
    await loadDatabase(database, { shows: SHOWS, bookingsPerShow: 10 })
    const largest = await addShow(database, 100_000, { seatsPerRow: 50 })
    const presses = pressesIn(database, largest, await anyReference(database))
    const contenders: Record<string, () => Promise<number>> = {
      bare: () => runner.wallMs([['-e', '0']], 1),
    }
    for (const [what, args] of Object.entries(presses)) {
      await assertOffers(what, args)
      contenders[what] = () => runner.wallMs([args], 1)
    }
    const samples = await interleave(isQuick ? 3 : 20, contenders)
    const base = { what: 'node -e 0', samples: samples.bare! }
    return {
      measurements: Object.keys(presses).map((what) => ({
        ...compare(what, samples[what]!, 'ms', base),
        targets: [{ of: 'value', atMost: MOST_MS } as const],
      })),
    }
  },
}

/** The command that the shell runs to complete the last of these words. */
function pressesIn({ url }: BenchDatabase, id: string, reference: string) {
  const press = (...words: string[]) => {
    const line = ['tickets', '--db', url, ...words]
    return [program, 'complete', 'fish', String(line.length - 1), '--', ...line]
  }
  return {
    'a command': press('boo'),
    'a show, nothing typed': press('show', 'view', ''),
    'a show by its name': press('show', 'view', 'King L'),
    'a show by its id': press('show', 'view', id.slice(0, 5)),
    'a reference, nothing typed': press('booking', 'view', ''),
    'a reference': press('booking', 'view', reference.slice(0, 2)),
    'free seats': press('book', showName(7), '--seats', 'D'),
    'free seats of 100,000': press('book', id, '--seats', 'B'),
  }
}

async function anyReference({ sql }: BenchDatabase): Promise<string> {
  const [row] = await sql<{ reference: string }>('select reference from bookings limit 1')
  return row!.reference
}

/** An answer that offers nothing does not count, however fast. */
async function assertOffers(what: string, args: readonly string[]): Promise<void> {
  const { stdout } = await promisify(execFile)(process.execPath, [...args])
  if (stdout === '') throw new Error(`Nothing is offered for ${what}.`)
}
