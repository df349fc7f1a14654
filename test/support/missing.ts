import { test } from 'vitest'

/** Says in the report what is not tried, as a test that is skipped, if a program is missing. */
export function reportMissing(what: string, missing: readonly string[]): void {
  if (missing.length === 0) return
  test(`${what} is not tried: ${missing.join(' and ')} is not installed`, ({ skip }) => skip())
}
