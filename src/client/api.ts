import type { ApiToken } from '../access/tokens.js'
import type { HistoryEvent, HistoryOf } from '../audit/history.js'
import type { VerifyOptions, VerifyReport } from '../audit/verify.js'
import type { RepairOptions } from '../booking/abandoned.js'
import type { AllOrNothing, Order } from '../booking/all-or-nothing.js'
import type {
  BookingOptions,
  BookingOutcome,
  BookingRequest,
  BookingStatus,
} from '../booking/booking.js'
import type { DryRunOutcome } from '../booking/dry-run.js'
import type { Cancelled, CancelOptions } from '../booking/lifecycle/cancel.js'
import type { CheckIn, CheckInOptions } from '../booking/lifecycle/check-in.js'
import type { Confirmed, ConfirmOptions } from '../booking/lifecycle/confirm.js'
import type { MoveOptions } from '../booking/lifecycle/move.js'
import type { BookingFilter, ListedBooking } from '../booking/list-bookings.js'
import type { BookingSearch } from '../booking/search-bookings.js'
import type { RetryCause } from '../database/failures.js'
import type { MigrateOptions, SchemaStatus } from '../database/migrate.js'
import type { ConfirmedAnswer } from '../load/confirmed-check.js'
import type { CancellationPreview, ShowEdit } from '../shows/edit-show.js'
import type { FindOptions } from '../shows/find-shows.js'
import type { ShowReport } from '../shows/show-report.js'
import type { NewShow, Show, ShowDetails, ShowFilter } from '../shows/shows.js'
import type { WatchOptions } from '../shows/watch-show.js'

/** How to open a box office. Everything may be left out. */
export interface TicketsOptions {
  /** A PostgreSQL URL, or `embedded`. Default: what the environment says, else `embedded`. */
  database?: string | undefined
  /** How long to keep trying when the database is busy, in milliseconds. Default: 30,000. */
  waitMs?: number | undefined
  /** How many connections at most. Default: 1. */
  connections?: number | undefined
  /** Where DATABASE_URL, PGHOST, TICKETS_DATA_DIR and the like are looked up. */
  env?: Record<string, string | undefined>
  /**
   * Whose `.env` file counts, when neither `database` nor `env` names a database. Default: the
   * working directory.
   */
  cwd?: string | undefined
  /** The schema to work in. Default: `TICKETS_SCHEMA` in `env`, else the login's own. */
  schema?: string | undefined
  /** Hears why the database is asked again: it was full, others were in the way, or it was lost. */
  onRetry?: ((cause: RetryCause) => void) | undefined
  /** Hears of each batch of bookings that has its show's lock: its size, and how long it waited. */
  onBatch?: ((batch: { size: number; lockWaitMs: number }) => void) | undefined
  /** Hears of what takes a while: the embedded server being made or started. */
  onProgress?: ((sentence: string) => void) | undefined
  /** Called when the embedded server has been started, with its data directory, and awaited. */
  onServerStart?: ((dataDir: string) => Promise<void> | void) | undefined
  /** Hears every SQL statement with its duration. */
  trace?: ((line: string) => void) | undefined
  /** Who works here, for the history. */
  operator?: string | undefined
  /** From which command or client, for the history. */
  command?: string | undefined
  /** When aborted, what is under way is rolled back and throws INTERRUPTED. */
  signal?: AbortSignal | undefined
}

/**
 * A box office: one database, and everything that can be done with it.
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
  /** Which database this is, for people; never with its password. */
  readonly databaseName: string
  /** Where the choice came from: `--db`, `DATABASE_URL`, `PGHOST, PGUSER`, `.env`, `embedded`. */
  readonly databaseSource: string
  /**
   * The connections as they are now, and how many calls wait for one. `listening` is the one that
   * all watches share, on top of the `connections` of the options: 0 or 1.
   */
  readonly connections: { busy: number; idle: number; waiting: number; listening: number }
  /** Creates a show with an empty house. Throws INVALID_INPUT. */
  createShow(show: NewShow): Promise<Show>
  /**
   * Shows in the order of their start, in constant memory however many there are. `after` as for
   * `findShow`. Throws INVALID_INPUT, SHOW_NOT_FOUND, AMBIGUOUS_ID.
   */
  listShows(filter?: ShowFilter): AsyncGenerator<Show>
  /**
   * The show with this id, beginning of an id, or name; `date` narrows a name that several bear.
   * Throws SHOW_NOT_FOUND, AMBIGUOUS_ID, and INVALID_INPUT for a date that is none.
   */
  findShow(show: string, options?: FindOptions): Promise<Show>
  /** All shows that `findShow` may mean, the next one first; a thousand at most. */
  findShows(show: string, options?: FindOptions): Promise<Show[]>
  /** The same, with the seats of its house. */
  viewShow(show: string): Promise<ShowDetails>
  /**
   * A show and its house, now and after every change, until `signal` is aborted; what changes fast
   * is seen together. All watches together take one connection more. `show` as for `findShow`.
   * Throws SHOW_NOT_FOUND, AMBIGUOUS_ID, INTERRUPTED.
   */
  watchShow(show: string, options?: WatchOptions): AsyncGenerator<ShowDetails>
  /** Seats sold in each of the last minutes, the latest last. `show` as for `findShow`. */
  recentSales(show: string, minutes: number): Promise<number[]>
  /**
   * Books seats, or holds them. `show` as for `findShow`. When it returns, the booking is durable.
   *
   * Throws SHOW_NOT_FOUND, AMBIGUOUS_ID, INVALID_INPUT, NO_SUCH_SEAT and KEY_REUSED before
   * anything is recorded; SEATS_TAKEN, NOT_ENOUGH_SEATS, SHOW_CANCELLED and ABANDONED with the
   * FAILED booking as `outcome`; BUSY and INTERRUPTED.
   */
  book(show: string, request: BookingRequest, options?: BookingOptions): Promise<BookingOutcome>
  /** The seats that `book` would give now; nothing is written. Throws what `book` throws. */
  preview(show: string, request: BookingRequest): Promise<number[]>
  /**
   * Books every order or none, in one transaction; `showId` is a whole id. A refusal leaves nothing
   * behind, used keys included. Throws BUSY and INTERRUPTED.
   */
  bookAllOrNothing(orders: readonly Order[]): Promise<AllOrNothing>
  /**
   * Makes a `book` that only says what it would do, and that knows what it has said before: two of
   * its requests do not get the same seat. Writes nothing; throws what `book` throws.
   */
  rehearse(): (show: string, request: BookingRequest) => Promise<DryRunOutcome>
  /** The confirmed bookings that the database does not have; there should be none. */
  findLostReceipts(confirmed: readonly ConfirmedAnswer[]): Promise<ConfirmedAnswer[]>
  /**
   * Runs `work` on a box office of its own: an empty, migrated schema in the same database, which is
   * dropped at the end, whatever the end is. `schema` is its name, for other processes.
   *
   * Throws DB_AUTH where the login may not create schemas, and what `work` throws.
   */
  withThrowaway<T>(work: (throwaway: Tickets, schema: string) => Promise<T>): Promise<T>
  /**
   * Proves, in one snapshot and in constant memory, that nothing is oversold or lost, or lists what
   * stands against it. `show` as for `findShow`; without it, all of them. Throws SHOW_NOT_FOUND,
   * AMBIGUOUS_ID, INTERRUPTED.
   */
  verify(options?: VerifyOptions): Promise<VerifyReport>
  /**
   * Makes abandoned PENDING bookings FAILED (ABANDONED), and touches nothing else. Returns their
   * references, under `dryRun` of those that it would be. `show` as for `verify`.
   */
  repair(options?: RepairOptions): Promise<string[]>
  /** A booking by its id or its reference. Throws BOOKING_NOT_FOUND. */
  findBooking(booking: string): Promise<ListedBooking>
  /**
   * The bookings that a reference, a customer or a seat may mean, for a person to choose from: 50 at
   * most. `show` as for `findShow`. Throws SHOW_NOT_FOUND, AMBIGUOUS_ID.
   */
  searchBookings(text: string, search?: BookingSearch): Promise<ListedBooking[]>
  /** The latest bookings whose reference begins like this, for completion. */
  suggestBookings(prefix: string, statuses?: readonly BookingStatus[]): Promise<ListedBooking[]>
  /** Bookings of one show or of all, in constant memory. Throws SHOW_NOT_FOUND, AMBIGUOUS_ID. */
  listBookings(filter?: BookingFilter): AsyncGenerator<ListedBooking>
  /** Sells what a hold keeps, all or some; see `confirmBooking` in core/life for what it throws. */
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
  copyShow(show: string, copy: { startTime: Date; name?: string }): Promise<Show>
  /** What cancelling a show would touch. Throws SHOW_NOT_FOUND. */
  previewCancellation(show: string): Promise<CancellationPreview>
  /** Its seats by state and by row, and its sales by hour and operator. Throws SHOW_NOT_FOUND. */
  reportOnShow(show: string): Promise<ShowReport>
  /** Cancels a show that has just so many sold or held bookings. Throws SHOW_NOT_FOUND, WRONG_STATE. */
  cancelShow(show: string, expectBookings: number): Promise<Show>
  /** Makes a token for HTTP; `text` is all of it, and kept nowhere. Throws INVALID_INPUT. */
  createToken(token: Pick<ApiToken, 'name' | 'role'>): Promise<{ token: ApiToken; text: string }>
  /** All tokens, the revoked ones too; never their secrets. */
  listTokens(): Promise<ApiToken[]>
  /** Revokes the token with this id for good. Throws INVALID_INPUT. */
  revokeToken(id: string): Promise<ApiToken>
  /** The token that this text is; undefined when it is unknown, wrong or revoked. */
  findToken(text: string): Promise<ApiToken | undefined>
  /** Is there a show or a token, which a rollback would drop? False where there is no schema. */
  hasData(): Promise<boolean>
  /**
   * Creates or upgrades the schema; the names of the migrations that it ran. `grant` names a role
   * that is to do the work of a box office: all but deleting and changing the schema.
   *
   * Throws INVALID_INPUT for a role that does not exist, and DB_AUTH unless this login has the rights
   * of the tables' owner; then nothing is migrated either.
   */
  migrate(options?: MigrateOptions): Promise<string[]>
  /** Takes back the latest batch of migrations; their names. */
  rollback(): Promise<string[]>
  /** Where the schema stands. */
  schemaStatus(): Promise<SchemaStatus>
  /**
   * The same box office in the name of somebody else: whatever is changed through it, the history
   * says that they did. It shares these connections, and closing either closes both.
   */
  as(operator: string): Tickets
  /** Closes the connections. Never throws. */
  close(): Promise<void>
}
