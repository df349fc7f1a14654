import type { Show } from '../../../client/api.js'
import { formatStartTime } from '../../../shared/time/format-time.js'

/** When a show starts, for people, in its own time zone. */
export function whenOf({ startTime, timeZone }: Pick<Show, 'startTime' | 'timeZone'>): string {
  return formatStartTime(startTime, timeZone)
}

/** Any other time, for people, in the time zone of the show. */
export function timeOf(time: Date, { timeZone }: Pick<Show, 'timeZone'>): string {
  return formatStartTime(new Date(Math.floor(time.getTime() / 1000) * 1000), timeZone)
}
