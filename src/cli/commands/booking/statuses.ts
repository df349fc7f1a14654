import type { BookingStatus } from '../../../client/api.js'

/** The states in which each command of `tickets booking` can act on a booking. */
export const statusesFor = {
  view: 'any',
  confirm: ['HELD'],
  move: ['HELD', 'CONFIRMED'],
  cancel: ['HELD', 'CONFIRMED'],
  'check-in': ['CONFIRMED'],
  print: ['CONFIRMED'],
} as const satisfies Record<string, readonly BookingStatus[] | 'any'>
