// The library: what `import … from 'tickets-box-office'` gives. docs/library.md shows every call.

export type * from './client/api.js'
export { tokenRoles } from './client/api.js'
export { openTickets } from './client/client.js'
export {
  bookingJson,
  checkInJson,
  errorJson,
  historyJson,
  listedBookingJson,
  showDetailsJson,
  showJson,
  showReportJson,
  verifyJson,
} from './client/json.js'
export { type RoomBounds, SeatSet } from './house/seat-set.js'
export { formatSeats, parseSeats, seatLabel } from './house/seats.js'
export { type ErrorMeaning, type Exit, errorCodes, TicketsError } from './shared/errors.js'
