import type { ApiToken } from '../access/tokens.js'
import type { HistoryEvent, HistoryOf } from '../audit/history.js'
import type { VerifyOptions, VerifyReport } from '../audit/verify.js'
import type { RepairOptions } from '../booking/abandoned.js'
import type { AllOrNothing, ShowRequest } from '../booking/all-or-nothing.js'
import type { BookingOutcome, BookingRequest, BookOptions } from '../booking/booking.js'
import type { DryRunOutcome } from '../booking/dry-run.js'
import type { Cancelled, CancelOptions } from '../booking/lifecycle/cancel.js'
import type { CheckIn, CheckInOptions } from '../booking/lifecycle/check-in.js'
import type { Confirmed, ConfirmOptions } from '../booking/lifecycle/confirm.js'
import type { MoveOptions } from '../booking/lifecycle/move.js'
import type { BookingFilter, ListedBooking } from '../booking/list-bookings.js'
import type { BookingSearch } from '../booking/search-bookings.js'
import type { RetryCause } from '../database/failures.js'
import type { MigrateOptions, SchemaStatus } from '../database/schema/migrate.js'
import type { CancellationPreview, ShowEdit } from '../shows/edit-show.js'
import type { FindOptions } from '../shows/find-shows.js'
import type { ShowReport } from '../shows/show-report.js'
import type { NewShow, Show, ShowDetails, ShowFilter } from '../shows/shows.js'
import type { WatchOptions } from '../shows/watch-show.js'

export type { ApiToken, TokenRole } from '../access/tokens.js'
export { tokenRoles } from '../access/tokens.js'
export type { HistoryEvent, HistoryOf } from '../audit/history.js'
export type { VerifyOptions, VerifyReport } from '../audit/verify.js'
export type { Violation, ViolationCode } from '../audit/violations.js'
export type { RepairOptions } from '../booking/abandoned.js'
export type { AllOrNothing, ShowRequest } from '../booking/all-or-nothing.js'
export type {
  Booking,
  BookingOutcome,
  BookingRequest,
  BookingStatus,
  BookOptions,
  WantedSeats,
} from '../booking/booking.js'
export type { DryRunOutcome, EarlierBooking } from '../booking/dry-run.js'
export type { Cancelled, CancelOptions } from '../booking/lifecycle/cancel.js'
export type { CheckIn, CheckInOptions } from '../booking/lifecycle/check-in.js'
export type { Confirmed, ConfirmOptions } from '../booking/lifecycle/confirm.js'
export type { MoveOptions } from '../booking/lifecycle/move.js'
export type { BookingFilter, ListedBooking } from '../booking/list-bookings.js'
export type { BookingSearch } from '../booking/search-bookings.js'
export type { RetryCause } from '../database/failures.js'
export type { MigrateOptions, SchemaStatus } from '../database/schema/migrate.js'
export type { Refusal } from '../house/decide.js'
export type {
  DrawnSeat,
  OutlineRow,
  OutlineSection,
  PlacedRow,
  PlacedSection,
  PlanOutline,
  SeatKind,
  SeatPlan,
  Stage,
} from '../house/plan/seat-plan.js'
export type { SeatLayout } from '../house/seats.js'
export type { ErrorCode, ErrorDetails, ErrorOutcome } from '../shared/errors.js'
export type { Warned, Warning } from '../shared/warnings.js'
export type { CancellationPreview, ShowEdit } from '../shows/edit-show.js'
export type { FindOptions } from '../shows/find-shows.js'
export type { Sales, SeatCounts, ShowReport } from '../shows/show-report.js'
export type { NewShow, Show, ShowDetails, ShowFilter } from '../shows/shows.js'
export type { WatchOptions } from '../shows/watch-show.js'

/** Options of `openTickets`; all are optional. */
export interface TicketsOptions {
  /** A PostgreSQL URL, or `embedded`. Default: the database that `env` names, else `embedded`. */
  database?: string | undefined
  /** How long to keep retrying a busy database, in milliseconds. Default: 30,000. */
  waitMs?: number | undefined
  /** The most connections to open. Default: 1. */
  connections?: number | undefined
  /** Where DATABASE_URL, PGHOST, TICKETS_DATA_DIR and the like are looked up. Default: the process's own. */
  env?: Record<string, string | undefined> | undefined
  /**
   * The directory whose `.env` file is read when neither `database` nor `env` names a database.
   * Default: the working directory.
   */
  cwd?: string | undefined
  /** The schema to work in. Default: `TICKETS_SCHEMA` in `env`, else the login's own. */
  schema?: string | undefined
  /** Called before each retry with its cause: no connection, a busy show, or a lost connection. */
  onRetry?: ((cause: RetryCause) => void) | undefined
  /** Called with a sentence before a long step: creating or starting the embedded server. */
  onProgress?: ((sentence: string) => void) | undefined
  /** Called with each SQL statement and its duration. */
  trace?: ((line: string) => void) | undefined
  /** The person or service that the history records. */
  operator?: string | undefined
  /** The command or program that the history records. */
  command?: string | undefined
  /** When aborted, running transactions are rolled back and their calls throw INTERRUPTED. */
  signal?: AbortSignal | undefined
}

/** Requests that are decided and not booked; see `startDryRun`. */
export interface DryRun {
  /** What `book` would do after the earlier requests of this dry run. Throws what `book` throws. */
  book(show: string, request: BookingRequest): Promise<DryRunOutcome>
}

/**
 * A box office: one database, and every operation on it.
 *
 * @example
 * const tickets = openTickets()
 * const show = await tickets.createShow({ name: 'The Lion King', startTime, totalSeats: 100 })
 * const { booking } = await tickets.book(show.id, { count: 2, customer: 'Ada' })
 * await tickets.close()
 *
 * Every method but `close` may throw a `TicketsError` of the database: DB_UNREACHABLE, DB_AUTH,
 * DB_MISSING, DB_TLS, NOT_MIGRATED, SCHEMA_TOO_NEW, BUSY.
 */
export interface Tickets {
  /** A description of the database for people; never includes its password. */
  readonly databaseName: string
  /** What chose the database: `--db`, `DATABASE_URL`, `PGHOST, PGUSER`, `.env`, `embedded`. */
  readonly databaseSource: string
  /**
   * The open connections, and the number of calls that wait for one. `listening` is the connection
   * that all watches share, in addition to the `connections` of the options: 0 or 1.
   */
  readonly connections: { busy: number; idle: number; waiting: number; listening: number }
  /** Creates a show with an empty house. Throws INVALID_INPUT. */
  createShow(show: NewShow): Promise<Show>
  /**
   * Shows in the order of their start, in constant memory. `after` as for `findShow`. Throws
   * INVALID_INPUT, SHOW_NOT_FOUND, AMBIGUOUS_ID.
   */
  listShows(filter?: ShowFilter): AsyncGenerator<Show>
  /**
   * The show with this id, beginning of an id, or name; `date` chooses among shows of the same
   * name. Throws SHOW_NOT_FOUND, AMBIGUOUS_ID, and INVALID_INPUT for an invalid date.
   */
  findShow(show: string, options?: FindOptions): Promise<Show>
  /** The shows that `findShow` could mean, the next one first; at most 1000. */
  findShows(show: string, options?: FindOptions): Promise<Show[]>
  /** A show with the seats of its house. `show` and what it throws as for `findShow`. */
  viewShow(show: string): Promise<ShowDetails>
  /**
   * A show and its house, now and after every change, until `signal` is aborted; fast changes come
   * together. All watches share one more connection. `show` as for `findShow`.
   * Throws SHOW_NOT_FOUND, AMBIGUOUS_ID, INTERRUPTED.
   */
  watchShow(show: string, options?: WatchOptions): AsyncGenerator<ShowDetails>
  /** The numbers of seats sold in each of the last `minutes`, the latest last. */
  recentSales(show: string, minutes: number): Promise<number[]>
  /**
   * Books seats, or holds them. `show` as for `findShow`. When it returns, the booking is durable.
   *
   * Throws SHOW_NOT_FOUND, AMBIGUOUS_ID, INVALID_INPUT, NO_SUCH_SEAT and KEY_REUSED before
   * anything is recorded; SEATS_TAKEN, NOT_ENOUGH_SEATS, SHOW_CANCELLED and ABANDONED with the
   * FAILED booking as `outcome`; BUSY and INTERRUPTED.
   */
  book(show: string, request: BookingRequest, options?: BookOptions): Promise<BookingOutcome>
  /** The seat numbers that `book` would give now. Writes nothing. Throws what `book` throws. */
  preview(show: string, request: BookingRequest): Promise<number[]>
  /**
   * Books all requests or none, in one transaction; `showId` is a whole id. A refusal leaves no
   * record, and uses no key. Throws BUSY and INTERRUPTED.
   */
  bookAllOrNothing(requests: readonly ShowRequest[]): Promise<AllOrNothing>
  /**
   * Starts a dry run, which decides requests without booking anything. It remembers its earlier
   * requests, so two of them do not get the same seat. Writes and locks nothing.
   */
  startDryRun(): DryRun
  /**
   * Checks, in one snapshot and in constant memory, that no seat is oversold or lost, and lists the
   * violations. `show` as for `findShow`; without it, all shows. With `against`, also compares the
   * bookings that were reported to clients. Throws SHOW_NOT_FOUND, AMBIGUOUS_ID, INVALID_INPUT,
   * INTERRUPTED.
   */
  verify(options?: VerifyOptions): Promise<VerifyReport>
  /**
   * Makes abandoned PENDING bookings FAILED (ABANDONED), and changes nothing else. Returns their
   * references; with `dryRun`, of those that it would change. `show` as for `verify`.
   */
  repair(options?: RepairOptions): Promise<string[]>
  /** A booking by its id or its reference. Throws BOOKING_NOT_FOUND. */
  findBooking(booking: string): Promise<ListedBooking>
  /**
   * The bookings whose reference, customer or seat matches, for a person to choose from: at most
   * 50. `show` as for `findShow`. Throws SHOW_NOT_FOUND, AMBIGUOUS_ID.
   */
  searchBookings(text: string, search?: BookingSearch): Promise<ListedBooking[]>
  /** Bookings of one show or of all, in constant memory. Throws SHOW_NOT_FOUND, AMBIGUOUS_ID. */
  listBookings(filter?: BookingFilter): AsyncGenerator<ListedBooking>
  /**
   * Sells the seats of a hold, all or some, even after it has expired if they are still free.
   * Throws BOOKING_NOT_FOUND, INVALID_INPUT, NO_SUCH_SEAT, SEATS_TAKEN, SHOW_CANCELLED, WRONG_STATE.
   */
  confirmBooking(booking: string, options?: ConfirmOptions): Promise<Confirmed>
  /** Gives seats back, all or some. Throws BOOKING_NOT_FOUND, INVALID_INPUT, NO_SUCH_SEAT, WRONG_STATE. */
  cancelBooking(booking: string, options?: CancelOptions): Promise<Cancelled>
  /**
   * Exchanges seats, within a show or for another one. Throws BOOKING_NOT_FOUND, SHOW_NOT_FOUND,
   * INVALID_INPUT, NO_SUCH_SEAT, SEATS_TAKEN, SHOW_CANCELLED and WRONG_STATE; then nothing changed.
   */
  moveBooking(booking: string, options: MoveOptions): Promise<BookingOutcome>
  /** Lets a booking's seats in, each once. Throws BOOKING_NOT_FOUND, SHOW_CANCELLED, WRONG_STATE. */
  checkIn(booking: string, options?: CheckInOptions): Promise<CheckIn>
  /** What happened to a booking, a show or a seat of it, in order. */
  listHistory(of: HistoryOf): AsyncGenerator<HistoryEvent>
  /** Changes a show. Throws SHOW_NOT_FOUND, INVALID_INPUT, SEATS_TAKEN. */
  editShow(show: string, edit: ShowEdit): Promise<Show>
  /** A new, empty show with the house of another. Throws SHOW_NOT_FOUND, INVALID_INPUT. */
  copyShow(show: string, copy: { startTime: Date; name?: string | undefined }): Promise<Show>
  /** The bookings that `cancelShow` would affect. Throws SHOW_NOT_FOUND. */
  previewCancellation(show: string): Promise<CancellationPreview>
  /** A show's seats by state and by row, and its sales by hour and operator. Throws SHOW_NOT_FOUND. */
  reportOnShow(show: string): Promise<ShowReport>
  /**
   * Cancels a show, which then refuses bookings and check-ins, if exactly `expectBookings` bookings
   * are sold or held. Its bookings keep their state. Throws SHOW_NOT_FOUND, WRONG_STATE.
   */
  cancelShow(show: string, expectBookings: number): Promise<Show>
  /** Creates a token for HTTP. `text`, the token with its secret, is not stored. Throws INVALID_INPUT. */
  createToken(token: Pick<ApiToken, 'name' | 'role'>): Promise<{ token: ApiToken; text: string }>
  /** All tokens, revoked ones included, without their secrets. */
  listTokens(): Promise<ApiToken[]>
  /** Revokes the token with this id permanently. Throws INVALID_INPUT if there is none. */
  revokeToken(id: string): Promise<ApiToken>
  /** The token with this text; undefined if it is unknown, wrong or revoked. */
  findToken(text: string): Promise<ApiToken | undefined>
  /**
   * Creates or upgrades the schema. Returns the names of the migrations that it ran. `grant` names
   * a role that may then use all of this interface, except to delete data or change the schema.
   *
   * Throws INVALID_INPUT for a role that does not exist, and DB_AUTH unless this login has the
   * rights of the tables' owner; then nothing is migrated.
   */
  migrate(options?: MigrateOptions): Promise<string[]>
  /** Reverts the latest batch of migrations, and drops the data that they hold. Returns their names. */
  rollback(): Promise<string[]>
  /**
   * Checks that bookings can be made now: the schema is right, and the server accepts a commit.
   * Throws DB_UNREACHABLE, BUSY, NOT_MIGRATED, SCHEMA_TOO_NEW and the like if not.
   */
  checkReady(): Promise<void>
  /** Which migrations have run, and which have not. */
  schemaStatus(): Promise<SchemaStatus>
  /**
   * The same box office for another operator: the history records that name for each change made
   * through it. It shares the connections, and closing either closes both.
   */
  as(operator: string): Tickets
  /** Closes the connections. Never throws. */
  close(): Promise<void>
}
