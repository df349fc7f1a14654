import { invalidInput } from '../errors.js'
import { quote } from '../quote.js'
import { formatMinute } from './format-time.js'

/** When a show starts, and its time zone. */
interface Start {
  startTime: Date
  /** IANA name. */
  timeZone: string
}

/** A day, or a minute of a day, in the time zone of the show that it is compared with. */
export interface ShowDate {
  /** '2031-03-01', or '2031-03-01 19:30'. */
  text: string
  /** Every show on that date, in any time zone, starts between `earliest` and `latest`. */
  earliest: Date
  latest: Date
}

const DATE = /^((?:19|[2-9]\d)\d\d-\d\d-\d\d)(?:[T ](\d\d:\d\d))?$/i
/** Offsets run from -12:00 to +14:00. */
const MOST_BEHIND_MS = 12 * 3_600_000
const MOST_AHEAD_MS = 14 * 3_600_000
const DAY_MS = 24 * 3_600_000

/**
 * Parses '2031-03-01', or with a local time '2031-03-01 19:30' or '2031-03-01T19:30'. Throws
 * INVALID_INPUT.
 */
export function parseShowDate(given: string): ShowDate {
  const [, day, time = '00:00'] = DATE.exec(given.trim()) ?? []
  const start = day === undefined ? Number.NaN : Date.parse(`${day}T${time}Z`)
  // JavaScript converts the 30th of February to the 2nd of March.
  const isReal = !Number.isNaN(start) && new Date(start).toISOString().startsWith(`${day}T${time}`)
  if (day === undefined || !isReal) {
    throw invalidInput(
      `${quote(given)} is not the date of a show. Write its day like 2031-03-01, or its local time like "2031-03-01 19:30".`,
    )
  }
  return {
    text: given.trim().replace(/t/i, ' '),
    earliest: new Date(start - MOST_AHEAD_MS),
    latest: new Date(start + DAY_MS + MOST_BEHIND_MS),
  }
}

/** Whether the show starts on this day, or in this minute, by its local time. */
export function isOnDate(show: Start, { text }: ShowDate): boolean {
  return minuteOf(show).startsWith(text)
}

/**
 * Returns the date that distinguishes each show from the others: the day, or the minute if several
 * are on one day, or undefined if several start in the same minute.
 */
export function datesOf(shows: readonly Start[]): (string | undefined)[] {
  const minutes = shows.map(minuteOf)
  const isOnly = (date: string) => minutes.filter((minute) => minute.startsWith(date)).length === 1
  return minutes.map((minute) =>
    [minute.slice(0, '2031-03-01'.length), minute].find(isOnly)?.replace(' ', 'T'),
  )
}

/** '2031-03-01 19:30', in the show's local time. */
function minuteOf({ startTime, timeZone }: Start): string {
  return formatMinute(startTime, timeZone)
}
