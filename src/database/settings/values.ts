import { invalidInput, type TicketsError } from '../../shared/errors.js'

/** The error for a setting that `source` gave. The message must not repeat a value. */
export function invalidSetting(source: string, what: string, cause?: unknown): TicketsError {
  return invalidInput(`The database setting (${source}) ${what}.`, { cause })
}

/** Parses a whole number. Throws INVALID_INPUT. */
export function parseNumber(
  text: string,
  { name, from, to, source }: { name: string; from: number; to: number; source: string },
): number {
  const number = /^\s*-?[0-9]{1,7}\s*$/.test(text) ? Number(text) : Number.NaN
  if (number >= from && number <= to) return number
  throw invalidSetting(source, `has a ${name} that is not a number from ${from} to ${to}`)
}

/** Returns one of `values`, the first if there is no text. Throws INVALID_INPUT. */
export function parseChoice<T extends string>(
  text: string | undefined,
  { name, values, source }: { name: string; values: readonly [T, ...T[]]; source: string },
): T {
  const found = text ? values.find((value) => value === text) : values[0]
  if (found !== undefined) return found
  throw invalidSetting(source, `has an unknown ${name}; it must be one of ${values.join(', ')}`)
}
