import type { Tickets, TicketsOptions } from './api.js'

/** What a run of the program is given by whoever starts it, apart from its words and its streams. */
export interface Surroundings {
  /** Aborted when the run is to end before its time; then it answers with 130. */
  signal?: AbortSignal
  /** Which program this is: other code has another name. */
  program?: string
  /** Opens a box office that outlives the run; without this, the run opens and closes its own. */
  open?: (options: TicketsOptions) => Tickets
  /** The id to book under. */
  bookingId?: string
  /** An earlier try of this very run may have booked already, under that id. */
  isRepeat?: boolean
}
