import { test } from 'vitest'

/** If a program is missing, adds a skipped test to the report that says what was not tested. */
export function reportMissing(what: string, missing: readonly string[]): void {
  if (missing.length === 0) return
  test(`${what} is not tested: ${missing.join(' and ')} is not installed`, ({ skip }) => skip())
}
