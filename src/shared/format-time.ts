const formats = new Map<string, Intl.DateTimeFormat>()

/**
 * A time in its show's zone, for people: '2026-12-25 19:00 GMT', with seconds only when there are
 * any. The zone is its short English name, else its offset ('GMT-5'), whatever the system's locale.
 * A zone that this Node does not know yet is shown in UTC: a list must not fail over one row.
 */
export function formatStartTime(time: Date, timeZone: string): string {
  const parts = formatFor(timeZone).formatToParts(time)
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    parts.find((part) => part.type === type)?.value ?? ''
  const seconds = part('second') === '00' ? '' : `:${part('second')}`
  const date = `${part('year')}-${part('month')}-${part('day')}`
  return `${date} ${part('hour')}:${part('minute')}${seconds} ${part('timeZoneName')}`
}

/** The same to the minute, without its zone: '2026-12-25 19:00'. */
export function formatMinute(time: Date, timeZone: string): string {
  return formatStartTime(time, timeZone).slice(0, '2026-12-25 19:00'.length)
}

// Making a format takes far longer than using it, and a list of shows uses one for every row.
function formatFor(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known) {
    return known
  }
  const format = makeFormat(timeZone)
  formats.set(timeZone, format)
  return format
}

function makeFormat(timeZone: string): Intl.DateTimeFormat {
  try {
    return formatIn(timeZone)
  } catch (error) {
    if (error instanceof RangeError) {
      return formatIn('UTC')
    }
    throw error
  }
}

function formatIn(timeZone: string): Intl.DateTimeFormat {
  // British English knows GMT and BST, CET and CEST; American English would say GMT+1 for them.
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
