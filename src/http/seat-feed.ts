import { Readable } from 'node:stream'
import { TicketsError } from '../core/errors.js'
import type { SeatSet, ShowDetails, Tickets } from '../index.js'

/** The seats of a show as `GET /shows/:show/seats` gives them. */
export function seatsJson({ totalSeats, booked, held }: ShowDetails) {
  const available: number[] = []
  for (let seat = booked.nextOutside(1); seat <= totalSeats; seat = booked.nextOutside(seat + 1)) {
    if (!held.has(seat)) available.push(seat)
  }
  return { total: totalSeats, booked: [...booked], held: [...held], available }
}

const MOST_STREAMS = 1000
const BEAT_MS = 15_000

/**
 * Streams of server-sent events. However many clients look at a show, the database is asked for
 * one of them: the streams of a show share one watch, which ends with the last of them.
 */
export class SeatFeeds {
  readonly #tickets: Pick<Tickets, 'watchShow'>
  readonly #feeds = new Map<string, Feed>()

  constructor(tickets: Pick<Tickets, 'watchShow'>) {
    this.#tickets = tickets
  }

  get streams(): number {
    return [...this.#feeds.values()].reduce((sum, feed) => sum + feed.size, 0)
  }

  /**
   * A stream of events: first `seats`, the whole house, then `change`, the seats that have become
   * booked, held or available since. Throws BUSY when too many are open.
   */
  open(showId: string): Readable {
    if (this.streams >= MOST_STREAMS) {
      throw new TicketsError('BUSY', 'Too many clients watch seats. Try again soon.')
    }
    return (this.#feeds.get(showId) ?? this.#start(showId)).add()
  }

  /** Ends every stream; their clients connect again elsewhere. */
  close(): void {
    for (const feed of this.#feeds.values()) feed.close()
  }

  #start(showId: string): Feed {
    // Nobody may join a feed that is about to end.
    const forget = () => void (this.#feeds.get(showId) === feed && this.#feeds.delete(showId))
    const feed = new Feed((signal) => this.#tickets.watchShow(showId, { signal }), forget)
    this.#feeds.set(showId, feed)
    return feed
  }
}

type Watch = (signal: AbortSignal) => AsyncGenerator<ShowDetails>

class Feed {
  readonly #onEnd: () => void
  readonly #streams = new Set<SeatStream>()
  readonly #ending = new AbortController()
  #latest: ShowDetails | undefined

  constructor(watch: Watch, onEnd: () => void) {
    this.#onEnd = onEnd
    void this.#run(watch)
  }

  get size(): number {
    return this.#streams.size
  }

  add(): Readable {
    const stream = new SeatStream()
    this.#streams.add(stream)
    stream.once('close', () => {
      this.#streams.delete(stream)
      if (this.#streams.size === 0) this.close()
    })
    if (this.#latest) stream.show(this.#latest)
    return stream
  }

  close(): void {
    this.#onEnd()
    this.#ending.abort()
  }

  async #run(watch: Watch): Promise<void> {
    const beat = setInterval(() => {
      for (const stream of this.#streams) stream.beat()
    }, BEAT_MS)
    try {
      for await (const show of watch(this.#ending.signal)) {
        this.#latest = show
        for (const stream of this.#streams) stream.show(show)
      }
    } catch {
      // The database is away: the streams end, and their clients come again by themselves.
    } finally {
      clearInterval(beat)
      this.#onEnd()
      for (const stream of this.#streams) stream.push(null)
    }
  }
}

/** One client's stream. A slow one skips states: each event leads from what it had to the latest. */
class SeatStream extends Readable {
  #sent: ShowDetails | undefined
  #latest: ShowDetails | undefined
  #isWanted = false

  constructor() {
    super({ highWaterMark: 1 })
  }

  show(show: ShowDetails): void {
    this.#latest = show
    this.#tell()
  }

  beat(): void {
    if (this.#isWanted) this.#isWanted = this.push(': still here\n\n')
  }

  override _read(): void {
    this.#isWanted = true
    this.#tell()
  }

  #tell(): void {
    const [before, now] = [this.#sent, this.#latest]
    if (!this.#isWanted || now === undefined || now === before) return
    this.#sent = now
    const text = eventText(before, now)
    if (text !== '') this.#isWanted = this.push(text)
  }
}

function eventText(before: ShowDetails | undefined, now: ShowDetails): string {
  if (before === undefined || before.totalSeats !== now.totalSeats) {
    return `event: seats\ndata: ${JSON.stringify(seatsJson(now))}\n\n`
  }
  const change = changeJson(before, now)
  if (Object.values(change).every((seats) => seats.length === 0)) return ''
  return `event: change\ndata: ${JSON.stringify(change)}\n\n`
}

function changeJson(before: ShowDetails, now: ShowDetails) {
  const booked = newIn(now.booked, before.booked)
  const held = newIn(now.held, before.held)
  const freed = new Set([...newIn(before.booked, now.booked), ...newIn(before.held, now.held)])
  const available = [...freed].filter((seat) => !now.booked.has(seat) && !now.held.has(seat))
  return { booked, held, available: available.sort((a, b) => a - b) }
}

function newIn(now: SeatSet, before: SeatSet): number[] {
  return [...now].filter((seat) => !before.has(seat))
}
