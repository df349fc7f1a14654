import { remember } from '../remember.js'

/**
 * Formats a time in its show's zone: '2026-12-25 19:00 GMT', with seconds only if they are not
 * zero. Shows the zone's short English name, or its offset ('GMT-5') if it has none, in every
 * system locale. If this Node does not know the zone, uses UTC, because a list must not fail for
 * one row.
 */
export function formatStartTime(time: Date, timeZone: string): string {
  const parts = formatFor(timeZone).formatToParts(time)
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    parts.find((part) => part.type === type)?.value ?? ''
  const seconds = part('second') === '00' ? '' : `:${part('second')}`
  const date = `${part('year')}-${part('month')}-${part('day')}`
  return `${date} ${part('hour')}:${part('minute')}${seconds} ${part('timeZoneName')}`
}

/** Formats a time to the minute, without its zone: '2026-12-25 19:00'. */
export function formatMinute(time: Date, timeZone: string): string {
  return formatStartTime(time, timeZone).slice(0, '2026-12-25 19:00'.length)
}

// Cached, because creating a format takes far longer than using it, and a list uses one for every
// row.
const formatFor = remember(1000, (timeZone: string): Intl.DateTimeFormat => {
  try {
    return formatIn(timeZone)
  } catch (error) {
    if (error instanceof RangeError) return formatIn('UTC')
    throw error
  }
})

function formatIn(timeZone: string): Intl.DateTimeFormat {
  // British English has names for GMT, BST, CET and CEST; American English shows GMT+1.
  return new Intl.DateTimeFormat('en-GB-u-ca-gregory-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  })
}
