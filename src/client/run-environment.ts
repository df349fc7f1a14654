import type { Client, ClientOptions } from './open-client.js'

/** What a run of the program is given by its caller, apart from its arguments and its streams. */
export interface RunEnvironment {
  /** Aborted when the run is to end early; it then exits with 130. */
  signal?: AbortSignal
  /** Identifies this program's code: another version has another text. */
  program?: string
  /** Where relative paths begin. Default: the working directory. */
  cwd?: string
  /** Gives a client that outlives the run; where it gives none, the run opens and closes its own. */
  open?: (options: ClientOptions) => Client | undefined
  /** The id to book under. */
  bookingId?: string
  /** An earlier try of the same run may have booked already, under that id. */
  isRepeat?: boolean
  /** How much of `--wait` has gone, in milliseconds. */
  waitedMs?: number
}
