import { invalidInput, type TicketsError } from './errors.js'
import { quote } from './quote.js'

/**
 * The error if a valid JSON text has a field twice, which `JSON.parse` accepts: it keeps the last.
 * For an object whose fields are not objects themselves.
 */
export function repeatedField(json: string): TicketsError | undefined {
  const names = new Set<string>()
  let end = 0
  for (let start = json.indexOf('"'); start >= 0; start = json.indexOf('"', end)) {
    end = endOfString(json, start)
    if (!isFieldName(json, end)) continue
    const name: string = JSON.parse(json.slice(start, end))
    if (names.has(name)) {
      return invalidInput(`The field ${quote(name)} appears twice. Give it once.`)
    }
    names.add(name)
  }
  return undefined
}

/** Whether a colon follows the string that ends here. */
function isFieldName(json: string, end: number): boolean {
  const colon = /\s*:/y
  colon.lastIndex = end
  return colon.test(json)
}

/** The index after the closing quote of the string that starts at `start`. */
function endOfString(json: string, start: number): number {
  let end = start
  do end = json.indexOf('"', end + 1)
  while (isEscaped(json, end))
  return end + 1
}

/** Whether an odd number of backslashes precedes. */
function isEscaped(json: string, index: number): boolean {
  let first = index
  while (json[first - 1] === '\\') first--
  return (index - first) % 2 === 1
}
