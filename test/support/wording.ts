import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/**
 * Compares sentences of the program with `test/wording/NAME.txt`. Only those files assert wording;
 * all other tests assert codes, exit codes, rows, and the facts in a sentence (names, labels,
 * numbers). After a change of wording, `npm test -- FILE -u` rewrites them, where FILE is the file
 * of the test that fails. The title of each such test names the wording file.
 *
 * Each entry is an input, and what the program printed for it.
 */
export async function expectWording(
  name: string,
  entries: Iterable<readonly [asked: string, ...said: string[]]>,
): Promise<void> {
  const blocks = [...entries].map(([asked, ...said]) => {
    expect(said).not.toEqual([])
    const lines = said.flatMap((text) => withoutChance(text.trimEnd()).split('\n'))
    return [shown(asked), ...lines.map((line) => (line === '' ? '' : `    ${line}`))].join('\n')
  })
  // If this test runs alone, no sentences were collected: keep the file.
  expect(blocks).not.toEqual([])
  const file = fileURLToPath(new URL(`../wording/${name}.txt`, import.meta.url))
  await expect(`${blocks.join('\n\n')}\n`).toMatchFileSnapshot(file)
}

/**
 * Matches a sentence that contains all of these facts, in any order: names, labels and numbers,
 * each as a whole word.
 */
export function withFacts(...facts: string[]): unknown {
  const ahead = facts.map((fact) => {
    const literal = fact.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    return `(?=.*(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}]))`
  })
  return expect.stringMatching(new RegExp(`^${ahead.join('')}.`, 'su'))
}

/**
 * The questions at a terminal. Tests wait for these texts; after a change of wording, update them
 * here.
 */
export const questions = {
  seats: 'Which seats?',
  whom: 'For whom?',
  show: 'Which show?',
  section: 'Which section?',
  booking: 'Which booking?',
  nameOfShow: 'Name of the show?',
  start: 'When does it start?',
  total: 'How many seats?',
  inRow: 'How many in a row?',
  house: 'Which house?',
  typeName: 'Type the name of the show to cancel it:',
  repair: 'Repair?',
  next: 'enter next customer',
  undo: 'u undo',
  done: 'q done',
  seatsInstead: (seats: string, section?: string) =>
    `Which seats${section ? ` in ${section}` : ''} instead of ${seats}?`,
  dateOf: (show: string) => `Which date of ${show}?`,
  book: (seats: string, customer?: string) =>
    customer === undefined ? `Book ${seats}?` : `Book ${seats} for ${customer}?`,
} as const

/**
 * What is printed at a terminal where there is no code or fact to assert. After a change of
 * wording, update them here.
 */
export const notices = {
  unbooked: 'Nothing was booked.',
  noMoreBooked: 'Nothing more was booked.',
  bookedStands: 'What was booked stands.',
  unchanged: 'Nothing was changed.',
  uncancelled: 'Nothing was cancelled.',
  uncreated: 'No show was created.',
  interrupted: (kept: string) => `Interrupted. ${kept}`,
  inputEnded: (kept: string) => `The input ended before the answer. ${kept}`,
  noMatch: (what: 'show' | 'booking') => `No ${what} matches.`,
  takenElsewhere: (seat: string) => `${seat} taken elsewhere`,
} as const

/** Puts a text on one line, shows control characters, and shortens it. */
function shown(asked: string): string {
  if (asked.trim() === '') return `(${JSON.stringify(asked)})`
  const line = withoutChance(JSON.stringify(asked))
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (sign) => `\\u{${sign.codePointAt(0)!.toString(16)}}`)
  return line.length <= 120 ? line : `${line.slice(0, 60)}…${line.slice(-20)}`
}

const temporary = new RegExp(`${tmpdir()}/[\\w./-]*\\w`, 'g')

/** Replaces what differs from run to run: ids, references, ports and directories. */
function withoutChance(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replace(/\b[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}\b/g, '<reference>')
    .replace(/\btest_[0-9a-f]{12}\b/g, '<database>')
    .replace(/(?<=:)\d{4,5}\b/g, '<port>')
    .replace(temporary, '<directory>')
}
