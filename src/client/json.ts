import type { HistoryEvent } from '../audit/history.js'
import type { VerifyReport } from '../audit/verify.js'
import type { Violation } from '../audit/violations.js'
import type { Booking, BookingOutcome } from '../booking/booking.js'
import type { DryRunOutcome } from '../booking/dry-run.js'
import type { CheckIn } from '../booking/lifecycle/check-in.js'
import type { ListedBooking } from '../booking/list-bookings.js'
import type { TicketsError } from '../shared/errors.js'
import { remember } from '../shared/remember.js'
import { startWarnings } from '../shared/warnings.js'
import type { CancellationPreview } from '../shows/edit-show.js'
import type { ShowReport } from '../shows/show-report.js'
import type { Show, ShowDetails } from '../shows/shows.js'

/**
 * The JSON of the contract, for the command line and for HTTP. The field names are the original
 * API's, two of them in camelCase; new ones are in snake_case. Times are ISO 8601, UTC.
 *
 * `warnings`, the last field, is present only if there are any: without them, a document has
 * exactly the contract's fields.
 */
export function showJson(show: Show) {
  return {
    id: show.id,
    name: show.name,
    start_time: show.startTime.toISOString(),
    time_zone: show.timeZone,
    total_seats: show.totalSeats,
    seats_per_row: show.seatsPerRow,
    ...(show.plan && { plan: { id: show.planId!, name: show.plan.name } }),
    createdAt: show.createdAt.toISOString(),
    updatedAt: show.updatedAt.toISOString(),
    cancelled_at: show.cancelledAt?.toISOString() ?? null,
    confirmed_seats_count: show.confirmedSeats,
    held_seats_count: show.heldSeats,
    available_seats: show.availableSeats,
  }
}

/** A show that was just created, with `warnings` if it starts in the past. */
export function createdShowJson(show: Show) {
  const { warnings } = startWarnings(show)
  return { ...showJson(show), ...(warnings && { warnings }) }
}

/** A show with its seats: `booked_seats` and `held_seats` are arrays of seat numbers. */
export function showDetailsJson(show: ShowDetails) {
  return { ...showJson(show), booked_seats: [...show.booked], held_seats: [...show.held] }
}

/**
 * A booking; `failure` is the code of its error, whose message is in the error itself. `expired` is
 * present, and true, for a hold whose time is over.
 */
export function bookingJson({ booking, replayed, hasExpired, warnings }: BookingOutcome) {
  // Adds to the new object and does not copy it, because this runs for every line of a file.
  const document = Object.assign(
    recordJson(booking),
    warnings ? { replayed, warnings } : { replayed },
  )
  return hasExpired ? Object.assign(document, EXPIRED) : document
}

const EXPIRED = { expired: true }

/** What a request would get; `reference` and `status` are those of the booking that its key has. */
export function dryRunJson(outcome: DryRunOutcome) {
  const { showId, seats, seatLabels, customer, section, replayed, earlier, warnings } = outcome
  return {
    dry_run: true,
    show_id: showId,
    seats,
    seat_labels: seatLabels,
    customer,
    ...(section !== undefined && { section }),
    replayed,
    ...(earlier && { reference: earlier.reference, status: earlier.status }),
    ...(earlier?.hasExpired && EXPIRED),
    ...(warnings && { warnings }),
  }
}

/**
 * A booking in a list: `admitted_seats` are the seats that have been checked in. `expired` is
 * present, and true, for a hold whose time is over: its status stays HELD until another request
 * changes it.
 */
export function listedBookingJson(booking: ListedBooking) {
  return {
    ...recordJson(booking),
    show_name: booking.showName,
    admitted_seats: booking.admittedSeats,
    ...(booking.hasExpired && EXPIRED),
  }
}

/**
 * The result of a check-in: the seats checked in now (with undo, no longer so), and those that were
 * already, since when.
 */
export function checkInJson({ booking, admitted, already, warnings }: CheckIn) {
  return {
    booking: recordJson(booking),
    admitted,
    already: already.map(({ seat, at }) => ({ seat, at: at.toISOString() })),
    ...(warnings && { warnings }),
  }
}

/** An event of the history; `before` and `after` have the names of the database's columns. */
export function historyJson(event: HistoryEvent) {
  return {
    id: event.id,
    at: event.at.toISOString(),
    show_id: event.showId,
    booking_id: event.bookingId,
    reference: event.reference,
    action: event.action,
    operator: event.operator,
    command: event.command,
    before: event.before,
    after: event.after,
    login: event.login,
  }
}

/** The bookings of a show that cancelling it would affect. */
export function cancellationJson(show: Show, preview: CancellationPreview) {
  return {
    dry_run: true,
    show_id: show.id,
    confirmed_bookings: preview.confirmedBookings,
    confirmed_seats: preview.confirmedSeats,
    held_bookings: preview.heldBookings,
  }
}

/** A report on a show: `rows` is null if the house has no rows, `sections` absent without any. */
export function showReportJson(report: ShowReport) {
  const { show, capacity, sections, rows, hours, operators } = report
  return {
    show: showJson(show),
    capacity,
    ...(sections && { sections }),
    rows,
    hours: hours.map(({ hour, ...sales }) => ({ hour: hour.toISOString(), ...sales })),
    operators,
  }
}

/** A violation that `verify` found; `seats` are seat numbers, `bookings` references. */
export function violationJson({ code, showId, message, seats, bookings }: Violation) {
  return {
    code,
    show_id: showId,
    message,
    ...(seats && { seats }),
    ...(bookings && { bookings }),
  }
}

/**
 * The result of `verify`: `unlisted` is present if there are more violations than are listed, and
 * `answers` if answers were compared.
 */
export function verifyJson({ ok, shows, bookings, violations, unlisted, answers }: VerifyReport) {
  return {
    ok,
    shows,
    bookings,
    violations: violations.map(violationJson),
    ...(unlisted > 0 && { unlisted }),
    ...(answers !== undefined && { answers }),
  }
}

/** The document for an error, with the FAILED booking if one was recorded. */
export function errorJson(error: TicketsError) {
  return {
    error: {
      code: error.code,
      message: error.message,
      retryable: error.isRetryable,
      ...(error.seats && { seats: error.seats }),
      ...(error.alternatives && { alternatives: error.alternatives }),
    },
    // The error's type, in `shared`, declares only a booking's main fields.
    ...(error.outcome && { booking: bookingJson(error.outcome as BookingOutcome) }),
  }
}

function recordJson(booking: Booking) {
  return {
    id: booking.id,
    reference: booking.reference,
    show_id: booking.showId,
    status: booking.status,
    seats: booking.seats,
    seat_labels: booking.seatLabels,
    customer: booking.customer,
    note: booking.note,
    held_until: booking.heldUntil?.toISOString() ?? null,
    failure: booking.failure?.code ?? null,
    createdAt: isoOfMs(booking.createdAt.getTime()),
    updatedAt: isoOfMs(booking.updatedAt.getTime()),
    ...(booking.section !== undefined && { section: booking.section }),
  }
}

/** Enough for a file whose lines alternate between many shows. */
const MOST_TIMES = 256
/** Remembered, because bookings that were made together share their times. */
const isoOfMs = remember(MOST_TIMES, (ms: number) => new Date(ms).toISOString())
