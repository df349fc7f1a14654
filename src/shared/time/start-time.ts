import { Temporal } from 'temporal-polyfill'
import { invalidInput, type TicketsError } from '../errors.js'
import { quote } from '../quote.js'
import { slipsBetween } from '../spelling.js'

const FIRST_YEAR = 1900
const LAST_YEAR = 9999

// Seconds in an offset are for the local mean times of a century ago, which Temporal may return.
const START_TIME =
  /^(\d{4}-\d\d-\d\d)[t ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(z|[+-]\d\d(?:\d\d|(?::\d\d){1,2})?)?$/i
// Temporal takes a second 60 as 59.
const TIME_OF_DAY = /^([01]\d|2[0-3])(:[0-5]\d){1,2}(\.\d+)?$/
/** From -12:00 (Baker Island) to +14:00 (Line Islands). */
const OFFSET_IN_USE = /^(z|[+-](0\d|1[01])(:?[0-5]\d)*|\+1[23](:?[0-5]\d)*|(-12|\+14)(:?00)*)$/i

/**
 * Parses the start of a show: ISO 8601 with an offset or Z, or a local time in `timeZone`, such as
 * '2026-12-25 19:00'. Seconds, with up to three decimals, are optional; the year is 1900 to 9999 in
 * UTC.
 *
 * Throws INVALID_INPUT for other texts, and for a local time that does not exist or occurs twice
 * because the clocks change; the message then offers the two offsets.
 */
export function parseStartTime(text: string, timeZone: string): Date {
  const [, date, timeOfDay = '', offset] = START_TIME.exec(text.trim()) ?? []
  if (date === undefined) {
    throw invalidInput(
      `${quote(text)} is not a time. Write it like "2026-12-25 19:00", or with an offset like 2026-12-25T19:00Z or 2026-12-25T19:00+01:00.`,
    )
  }
  if (!TIME_OF_DAY.test(timeOfDay)) {
    throw invalidInput(`${quote(text)} is not a valid time of day: use 00:00:00 to 23:59:59.`)
  }
  const local = localTime(`${date}T${timeOfDay}`, text)
  if (offset !== undefined && !OFFSET_IN_USE.test(offset)) {
    throw invalidInput(
      `${quote(text)} has an offset that is not in use: offsets range from -12:00 to +14:00.`,
    )
  }
  const time =
    offset === undefined
      ? inZone(local, parseTimeZone(timeZone))
      : new Date(Temporal.Instant.from(`${local}${offset}`).epochMilliseconds)
  checkYear(time.getUTCFullYear(), text)
  return time
}

/**
 * Returns a time zone's IANA name, such as 'Europe/London', in its usual spelling; ignores case.
 * Throws INVALID_INPUT for a zone that this Node does not know, and for an offset, which does not
 * say when the clocks change.
 */
export function parseTimeZone(text: string): string {
  const name = text.trim()
  const known = knownZone(name)
  if (known) {
    return known
  }
  const alike = zoneLike(name)
  const hint = alike
    ? `Did you mean ${alike}?`
    : 'Write its IANA name, such as Europe/London, America/New_York or UTC.'
  throw invalidInput(`${quote(text)} is not a time zone. ${hint}`)
}

/**
 * Returns the IANA name of the system's time zone: that of TZ, which may begin with a colon, or
 * else the system's setting. Throws INVALID_INPUT if there is none, because Node takes a POSIX rule
 * for UTC, and BST for Asia/Dhaka.
 */
export function systemTimeZone(env: Readonly<Record<string, string | undefined>>): string {
  const name = env.TZ?.replace(/^:/, '') ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  const zone = knownZone(name ?? '')
  if (zone !== undefined) return zone
  const found =
    env.TZ === undefined ? "The system's time zone is" : `TZ is ${quote(env.TZ)}, which is`
  throw invalidInput(
    `${found} not an IANA time zone. Set TZ to one, such as Europe/London, or give --time-zone.`,
  )
}

function localTime(local: string, text: string): Temporal.PlainDateTime {
  try {
    return Temporal.PlainDateTime.from(local)
  } catch (cause) {
    throw invalidInput(`${quote(text)} has a date that does not exist.`, { cause })
  }
}

function inZone(local: Temporal.PlainDateTime, timeZone: string): Date {
  const [earlier, later] = (['earlier', 'later'] as const).map((disambiguation) =>
    local.toZonedDateTime(timeZone, { disambiguation }),
  ) as [Temporal.ZonedDateTime, Temporal.ZonedDateTime]
  if (!earlier.equals(later)) {
    throw clockChange(local, earlier, later)
  }
  return new Date(earlier.epochMilliseconds)
}

function clockChange(
  local: Temporal.PlainDateTime,
  earlier: Temporal.ZonedDateTime,
  later: Temporal.ZonedDateTime,
): TicketsError {
  const shown = local.toString({ smallestUnit: precision(local) })
  const time = `${quote(shown.replace('T', ' '))} in ${earlier.timeZoneId}`
  if (earlier.toPlainDateTime().equals(local)) {
    return invalidInput(
      `${time} happens twice, as the clocks go back. Write ${shown}${earlier.offset} for the first or ${shown}${later.offset} for the second.`,
    )
  }
  // In a gap, the offset from before the gap gives the later time, and vice versa.
  return invalidInput(
    `${time} does not exist, as the clocks go forward. Write ${shown}${earlier.offset} for ${clock(later)} or ${shown}${later.offset} for ${clock(earlier)}.`,
  )
}

function clock(time: Temporal.ZonedDateTime): string {
  const shown = time.toPlainDateTime()
  return shown.toString({ smallestUnit: precision(shown) }).replace('T', ' ')
}

function precision({ second, millisecond }: Temporal.PlainDateTime) {
  if (millisecond !== 0) {
    return 'millisecond'
  }
  return second === 0 ? 'minute' : 'second'
}

function checkYear(year: number, text: string): void {
  if (year < FIRST_YEAR || year > LAST_YEAR) {
    throw invalidInput(`${quote(text)} is outside the years ${FIRST_YEAR} to ${LAST_YEAR} in UTC.`)
  }
}

// Not Intl's resolvedOptions, which turns Asia/Kolkata into Asia/Calcutta and takes BST for Dhaka.
function knownZone(name: string): string | undefined {
  if (!/^[a-z]/i.test(name) || NOT_IANA.test(name)) {
    return undefined
  }
  try {
    return new Temporal.ZonedDateTime(0n, name).timeZoneId
  } catch (error) {
    if (error instanceof RangeError) {
      return undefined
    }
    throw error
  }
}

/**
 * Names that Node accepts, but that the IANA database, with its links, does not or no longer has.
 */
const NOT_IANA = /^(systemv\/.*|us\/pacific-new|canada\/east-saskatchewan)$/i

/**
 * Finds the zone for a city's name alone ('london', 'New York') or a name with a small typing
 * error.
 */
function zoneLike(name: string): string | undefined {
  const wanted = simplified(name)
  if (wanted === '' || wanted.length > 40) {
    return undefined
  }
  const zones = Intl.supportedValuesOf('timeZone')
  return (
    zones.find((zone) => simplified(zone.split('/').at(-1) ?? '') === wanted) ??
    zones.find((zone) => slipsBetween(simplified(zone), wanted) <= 1)
  )
}

function simplified(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9/]/g, '')
}
