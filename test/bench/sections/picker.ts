import { performance } from 'node:perf_hooks'
import { type IPty, spawn } from '@lydell/node-pty'
import { SeatSet } from 'tickets-box-office'
import { program } from '../child.js'
import { compare, type Measurement } from '../result.js'
import type { BenchDatabase } from '../server.js'
import { addShow } from '../shows.js'
import type { Section } from './section.js'

const SEATS = 100_000
const SEATS_PER_ROW = 50
/** A delay that a user does not notice. */
const MOST_MS = 30

/** How long a clerk waits for the map after a key, in the largest possible house. */
export const picker: Section = {
  name: 'picker',
  title: 'The seat picker: from a key to its frame on the terminal, 100,000 seats',
  async run({ server, isQuick }) {
    const database = await server.createDatabase('picker')
    const measurements: Measurement[] = []
    const slowest: string[] = []
    for (const { name, sold } of houses()) {
      const show = await addShow(database, SEATS, { sold, seatsPerRow: SEATS_PER_ROW })
      const samples = await pressKeys(database, show, isQuick ? 2 : 20)
      for (const [keys, ms] of Object.entries(samples)) {
        measurements.push({
          ...compare(`${name}: ${keys}`, ms, 'ms'),
          targets: [{ of: 'value', atMost: MOST_MS }],
        })
        slowest.push(`${name}: ${keys} ${Math.max(...ms).toFixed(1)} ms`)
      }
    }
    return {
      measurements,
      notes: [
        'A terminal of 80 × 24; a frame counts as shown when its last byte has come. The first press of each key is among them.',
        `The slowest of each: ${slowest.join('; ')}.`,
      ],
    }
  },
}

function houses(): { name: string; sold: SeatSet }[] {
  const everyOther = Array.from({ length: SEATS / 2 }, (_, i) => 2 * i + 1)
  return [
    { name: 'empty', sold: SeatSet.empty(SEATS) },
    // The worst half: no two adjacent seats are free.
    { name: 'half sold', sold: SeatSet.of(everyOther, SEATS) },
  ]
}

const RIGHT = '\u001b[C'
const DOWN = '\u001b[B'
const PAGE_DOWN = '\u001b[6~'
const PAGE_UP = '\u001b[5~'

/** Each key with the name of its measurement; each changes the screen. */
const round: [keys: string, key: string][] = [
  ['arrows', RIGHT],
  ['arrows', DOWN],
  ['page keys', PAGE_DOWN],
  ['page keys', PAGE_DOWN],
  ['page keys', PAGE_UP],
  ['jump to AZZ12', 'A'],
  ['jump to AZZ12', 'Z'],
  ['jump to AZZ12', 'Z'],
  ['jump to AZZ12', '1'],
  ['jump to AZZ12', '2'],
  ['space', ' '],
  ['arrows', RIGHT],
  ['best 5', '5'],
  // So that in the next round the seat is free and no text is typed.
  ['arrows', RIGHT],
  ['jump to B1', 'B'],
]

/**
 * Presses them in turn, each after the frame of the previous one. Returns the milliseconds of each.
 */
async function pressKeys({ url }: BenchDatabase, show: string, rounds: number) {
  const samples: Record<string, number[]> = {}
  const clerk = await startClerk(['book', show, '--db', url])
  for (let i = 0; i < rounds; i++) {
    for (const [keys, key] of round) {
      const sample = await clerk.press(key)
      samples[keys] = [...(samples[keys] ?? []), sample]
    }
  }
  await clerk.leave()
  return samples
}

/** Marks the end of a frame. */
const END_OF_FRAME = '\u001b[?2026l'

/** A clerk at `tickets book` with the map on the terminal. */
async function startClerk(args: string[]) {
  const env = {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
  }
  const screen = { name: env.TERM, cols: 80, rows: 24 }
  const pty = spawn(process.execPath, [program, ...args], { ...screen, env })
  const ended = new Promise<void>((resolve) => pty.onExit(() => resolve()))
  await nextFrame(pty, () => {})
  return {
    /** Resolves with the milliseconds from the key to the end of its frame. */
    press: (key: string) => nextFrame(pty, () => pty.write(key)),
    async leave() {
      pty.kill()
      await ended
    },
  }
}

function nextFrame(pty: IPty, act: () => void): Promise<number> {
  return new Promise((resolve, reject) => {
    let seen = ''
    const started = performance.now()
    const subscriptions = [
      pty.onData((data) => {
        seen += data
        if (seen.includes(END_OF_FRAME)) settle(() => resolve(performance.now() - started))
      }),
      pty.onExit(() => settle(() => reject(new Error(`The picker ended: ${seen}`)))),
    ]
    const timer = setTimeout(
      () => settle(() => reject(new Error(`No frame came. ${JSON.stringify(seen)}`))),
      20_000,
    )
    const settle = (end: () => void) => {
      clearTimeout(timer)
      for (const subscription of subscriptions) subscription.dispose()
      end()
    }
    act()
  })
}
