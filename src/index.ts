// The library: what `import … from 'tickets'` gives.
export { openTickets } from './box-office.js'
export type { RepairOptions } from './core/abandoned.js'
export type { AllOrNothing, Order } from './core/all-or-nothing.js'
export type {
  Booking,
  BookingOutcome,
  BookingRequest,
  BookingStatus,
  Refusal,
} from './core/booking.js'
export type { BookingFilter, ListedBooking } from './core/booking-list.js'
export type { BookingOptions } from './core/bookings.js'
export { type ErrorCode, errorCodes, TicketsError } from './core/errors.js'
export type { FindOptions } from './core/find-shows.js'
export type { HistoryEvent, HistoryOf } from './core/history.js'
export {
  bookingJson,
  checkInJson,
  errorJson,
  historyJson,
  listedBookingJson,
  showDetailsJson,
  showJson,
  showReportJson,
} from './core/json.js'
export type { Cancelled, CancelOptions } from './core/life/cancel.js'
export type { CheckIn, CheckInOptions } from './core/life/check-in.js'
export type { Confirmed, ConfirmOptions } from './core/life/confirm.js'
export type { MoveOptions } from './core/life/move.js'
export type { Rehearsed } from './core/rehearsal.js'
export type { BookingSearch } from './core/search-bookings.js'
export { SeatSet } from './core/seat-set.js'
export { formatSeats, parseSeats, type SeatLayout, seatLabel } from './core/seats.js'
export type { CancellationPreview, ShowEdit } from './core/show-changes.js'
export type { SeatCounts, ShowReport } from './core/show-report.js'
export type { NewShow, Show, ShowDetails, ShowFilter } from './core/shows.js'
export { type ApiToken, type TokenRole, tokenRoles } from './core/tokens.js'
export type { VerifyOptions, VerifyReport } from './core/verify.js'
export type { Violation, ViolationCode } from './core/violations.js'
export type { Warned, Warning } from './core/warnings.js'
export type { WatchOptions } from './core/watch.js'
export type { MigrateOptions, SchemaStatus } from './database/migrate.js'
export type { Tickets, TicketsOptions } from './tickets.js'
