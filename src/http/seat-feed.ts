import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ShowDetails, Tickets } from '../client/api.js'
import type { SeatSet } from '../house/seat-set.js'
import { TicketsError } from '../shared/errors.js'
import { AddressLimit } from './address-limit.js'
import { HttpError } from './errors.js'

/** The seats of a show as `GET /shows/:show/seats` returns them. */
export function seatsJson({ totalSeats, booked, held }: ShowDetails) {
  const available: number[] = []
  for (let seat = booked.nextOutside(1); seat <= totalSeats; seat = booked.nextOutside(seat + 1)) {
    if (!held.has(seat)) available.push(seat)
  }
  return { total: totalSeats, booked: [...booked], held: [...held], available }
}

const MOST_STREAMS = 1000
const HEARTBEAT_MS = 15_000
const RETRY_MS = 1000

export interface SeatFeedsOptions {
  tickets: Pick<Tickets, 'watchShow'>
  /** How many streams one address may have open; undefined: no limit. */
  perAddress?: number | undefined
  /**
   * Called when a show cannot be watched at the moment; not called again until watching has
   * succeeded.
   */
  onFailure(error: TicketsError): void
  /** Called with an unexpected error. */
  onBug(error: unknown): void
}

/**
 * Streams of server-sent events. All streams of a show share one watch, so the load on the database
 * does not depend on the number of clients. The watch ends with the last stream.
 */
export class SeatFeeds {
  readonly #options: SeatFeedsOptions
  readonly #feeds = new Map<string, Feed>()
  readonly #addresses: AddressLimit

  constructor(options: SeatFeedsOptions) {
    this.#options = options
    this.#addresses = new AddressLimit(options.perAddress ?? MOST_STREAMS)
  }

  get streams(): number {
    return [...this.#feeds.values()].reduce((sum, feed) => sum + feed.size, 0)
  }

  /**
   * Opens a stream of events: first `seats`, the whole house, then `change`, the seats that have
   * become booked, held or available since. Throws BUSY if too many streams are open, and
   * TOO_MANY_REQUESTS if this address has too many of them.
   */
  open(showId: string, address: string): Readable {
    if (this.streams >= MOST_STREAMS) {
      throw new TicketsError('BUSY', 'Too many clients watch seats. Try again soon.')
    }
    const leave = this.#addresses.enter(address)
    if (leave === undefined) {
      throw new HttpError(
        'TOO_MANY_REQUESTS',
        'This address has too many event streams open. Close some, or try again soon.',
        { 'retry-after': '1' },
      )
    }
    return (this.#feeds.get(showId) ?? this.#start(showId)).add().once('close', leave)
  }

  /** Ends every stream; the clients reconnect elsewhere. */
  close(): void {
    for (const feed of this.#feeds.values()) feed.close()
  }

  #start(showId: string): Feed {
    const { tickets, onFailure, onBug } = this.#options
    // Removes the feed first, so that no client joins a feed that is ending.
    const onEnd = () => void (this.#feeds.get(showId) === feed && this.#feeds.delete(showId))
    const watch: Watch = (signal) => tickets.watchShow(showId, { signal })
    const feed = new Feed({ watch, onEnd, onFailure, onBug })
    this.#feeds.set(showId, feed)
    return feed
  }
}

type Watch = (signal: AbortSignal) => AsyncGenerator<ShowDetails>

interface FeedOptions {
  watch: Watch
  onEnd(): void
  onFailure(error: TicketsError): void
  onBug(error: unknown): void
}

/** The feed of one show, shared by all its streams. */
class Feed {
  readonly #options: FeedOptions
  readonly #streams = new Set<SeatStream>()
  readonly #ending = new AbortController()
  /**
   * The events that lead to the latest state, by previous state; each is formatted once for all
   * streams.
   */
  readonly #events = new Map<ShowDetails | undefined, string>()
  latest: ShowDetails | undefined

  constructor(options: FeedOptions) {
    this.#options = options
    void this.#run()
  }

  get size(): number {
    return this.#streams.size
  }

  add(): SeatStream {
    const stream = new SeatStream(this)
    this.#streams.add(stream)
    stream.once('close', () => {
      this.#streams.delete(stream)
      if (this.#streams.size === 0) this.close()
    })
    return stream
  }

  close(): void {
    this.#options.onEnd()
    this.#ending.abort()
  }

  /** The event for a stream that last sent `before`, or nothing yet. */
  eventSince(before: ShowDetails | undefined, now: ShowDetails): string {
    const text = this.#events.get(before) ?? eventText(before, now)
    this.#events.set(before, text)
    return text
  }

  async #run(): Promise<void> {
    const beat = setInterval(() => {
      for (const stream of this.#streams) stream.beat()
    }, HEARTBEAT_MS)
    try {
      await this.#follow(this.#ending.signal)
    } catch (error) {
      if (!(error instanceof TicketsError)) this.#options.onBug(error)
    } finally {
      clearInterval(beat)
      this.#options.onEnd()
      for (const stream of this.#streams) stream.push(null)
    }
  }

  /**
   * Follows the show until the feed is closed or the show is gone. Waits for an unreachable
   * database: a browser that reconnects and gets a 503 does not try again.
   */
  async #follow(signal: AbortSignal): Promise<void> {
    let isAway = false
    while (!signal.aborted) {
      try {
        for await (const show of this.#options.watch(signal)) {
          isAway = false
          this.#show(show)
        }
      } catch (error) {
        if (!(error instanceof TicketsError) || error.code === 'SHOW_NOT_FOUND') throw error
        if (!isAway && !signal.aborted) this.#options.onFailure(error)
        isAway = true
        await sleep(RETRY_MS, undefined, { signal }).catch(() => {})
      }
    }
  }

  #show(show: ShowDetails): void {
    this.latest = show
    this.#events.clear()
    for (const stream of this.#streams) stream.notify()
  }
}

/**
 * One client's stream. A slow client skips states: each event leads from its last state to the
 * latest.
 */
class SeatStream extends Readable {
  readonly #feed: Feed
  #seen: ShowDetails | undefined
  #isWanted = false

  constructor(feed: Feed) {
    super({ highWaterMark: 1 })
    this.#feed = feed
  }

  /** Sends an event if there is a new state and the client is ready for it. */
  notify(): void {
    const { latest } = this.#feed
    if (!this.#isWanted || latest === undefined || latest === this.#seen) return
    const event = this.#feed.eventSince(this.#seen, latest)
    this.#seen = latest
    if (event !== '') this.#isWanted = this.push(event)
  }

  beat(): void {
    if (this.#isWanted) this.#isWanted = this.push(': still here\n\n')
  }

  override _read(): void {
    this.#isWanted = true
    this.notify()
  }
}

function eventText(before: ShowDetails | undefined, now: ShowDetails): string {
  const isSameHouse = before?.totalSeats === now.totalSeats && before.planId === now.planId
  if (before === undefined || !isSameHouse) {
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
