import { invalidInput, type TicketsError } from './errors.js'
import { quote } from './quote.js'

/** A string; with a colon after it, the name of a field. */
const STRING = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?/g

/**
 * The error if a valid JSON text has a field twice, which `JSON.parse` accepts: it keeps the last.
 * For an object whose fields are not objects themselves.
 */
export function repeatedField(json: string): TicketsError | undefined {
  const names = new Set<string>()
  for (const [, string, colon] of json.matchAll(STRING)) {
    if (colon === undefined) continue
    const name: string = JSON.parse(string!)
    if (names.has(name))
      return invalidInput(`The field ${quote(name)} appears twice. Give it once.`)
    names.add(name)
  }
  return undefined
}
