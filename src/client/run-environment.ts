import type { Client } from './open-client.js'
import type { ClientOptions } from './target.js'

/** What the caller of a run provides, apart from its arguments and its streams. */
export interface RunEnvironment {
  /** When aborted, the run ends early and exits with 130. */
  signal?: AbortSignal
  /** Identifies this program's code; each version has a different text. */
  program?: string
  /** The base of relative paths (default: the working directory). */
  cwd?: string
  /**
   * Returns a client that outlives the run; if it returns none, the run opens and closes its own.
   */
  open?: (options: ClientOptions) => Client | undefined
  /** The id for the booking. */
  bookingId?: string
  /** Whether an earlier try of the same run may have booked already, under that id. */
  isRepeat?: boolean
  /** How much of `--wait` has passed, in milliseconds. */
  waitedMs?: number
}
