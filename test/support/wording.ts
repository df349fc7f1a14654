import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/**
 * Compares sentences of the program with `test/wording/NAME.txt`. Those files are the one place that
 * asserts wording: every other test asserts codes, exit codes, rows, and the facts in a sentence
 * (names, labels, numbers). After a reword, `npm test -- -t test/wording -u` writes them.
 *
 * Each entry is what was asked, and what the program said to it. The title of the test names the
 * file, so that `-t` finds it.
 */
export async function expectWording(
  name: string,
  entries: Iterable<readonly [asked: string, ...said: string[]]>,
): Promise<void> {
  const blocks = [...entries].map(([asked, ...said]) => {
    expect(said).not.toEqual([])
    return [shown(asked), ...said.flatMap((text) => text.trimEnd().split('\n')).map(indented)].join(
      '\n',
    )
  })
  const file = fileURLToPath(new URL(`../wording/${name}.txt`, import.meta.url))
  await expect(`${blocks.join('\n\n')}\n`).toMatchFileSnapshot(file)
}

/**
 * Matches a sentence that has all of these facts, in any order and in whatever words: names, labels
 * and numbers, each as a whole word.
 */
export function withFacts(...facts: string[]): unknown {
  const ahead = facts.map((fact) => {
    const literal = fact.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    return `(?=.*(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}]))`
  })
  return expect.stringMatching(new RegExp(`^${ahead.join('')}.`, 'su'))
}

/** On one line, without what an editor would hide, and not endless. */
function shown(asked: string): string {
  if (asked.trim() === '') return `(${JSON.stringify(asked)})`
  const line = JSON.stringify(asked)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (sign) => `\\u{${sign.codePointAt(0)!.toString(16)}}`)
  return line.length <= 120 ? line : `${line.slice(0, 60)}…${line.slice(-20)}`
}

function indented(line: string): string {
  return line === '' ? '' : `    ${line}`
}
