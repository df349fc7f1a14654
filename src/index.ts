// The library: what `import … from 'tickets'` gives.

export { type ApiToken, type TokenRole, tokenRoles } from './access/tokens.js'
export type { HistoryEvent, HistoryOf } from './audit/history.js'
export type { VerifyOptions, VerifyReport } from './audit/verify.js'
export type { Violation, ViolationCode } from './audit/violations.js'
export type { RepairOptions } from './booking/abandoned.js'
export type { AllOrNothing, Order } from './booking/all-or-nothing.js'
export type {
  Booking,
  BookingOptions,
  BookingOutcome,
  BookingRequest,
  BookingStatus,
} from './booking/booking.js'
export type { DryRunOutcome } from './booking/dry-run.js'
export type { Cancelled, CancelOptions } from './booking/lifecycle/cancel.js'
export type { CheckIn, CheckInOptions } from './booking/lifecycle/check-in.js'
export type { Confirmed, ConfirmOptions } from './booking/lifecycle/confirm.js'
export type { MoveOptions } from './booking/lifecycle/move.js'
export type { BookingFilter, ListedBooking } from './booking/list-bookings.js'
export type { BookingSearch } from './booking/search-bookings.js'
export type { Tickets, TicketsOptions } from './client/api.js'
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
} from './client/json.js'
export type { MigrateOptions, SchemaStatus } from './database/migrate.js'
export type { Refusal } from './house/decide.js'
export { SeatSet } from './house/seat-set.js'
export { formatSeats, parseSeats, type SeatLayout, seatLabel } from './house/seats.js'
export { type ErrorCode, type ErrorOutcome, errorCodes, TicketsError } from './shared/errors.js'
export type { CancellationPreview, ShowEdit } from './shows/edit-show.js'
export type { FindOptions } from './shows/find-shows.js'
export type { SeatCounts, ShowReport } from './shows/show-report.js'
export type { NewShow, Show, ShowDetails, ShowFilter } from './shows/shows.js'
export type { Warned, Warning } from './shows/warnings.js'
export type { WatchOptions } from './shows/watch-show.js'
