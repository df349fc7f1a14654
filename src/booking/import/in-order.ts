/** How to process a stream. */
export interface Pipeline<Item, Result> {
  /** Called for one item after another, in order; must not reject. */
  work(item: Item): Promise<Result>
  /** How much of `limit` an item uses while it is in progress. */
  weightOf(item: Item): number
  /** The maximum total weight in progress; a heavier item is processed alone. */
  limit: number
  /** When aborted, no more items are started. */
  signal: AbortSignal
}

/**
 * Processes many items at a time, and yields the results in the items' order, as many at once as
 * are ready. A slow consumer slows down the work and the reading.
 *
 * Throws what `batches` throws, after the results of all items that were started.
 */
export async function* inOrder<Item, Result>(
  batches: AsyncIterable<readonly Item[]>,
  pipeline: Pipeline<Item, Result>,
): AsyncGenerator<Result[]> {
  const line = new WaitingLine<Result>()
  const reading = beginAll(batches, pipeline, line).finally(() => line.close())
  // It is awaited at the end; until then, a failure must not count as an unhandled rejection.
  reading.catch(() => {})
  for (;;) {
    const ready = await line.takeReady()
    if (ready === undefined) break
    yield ready
  }
  await reading
}

async function beginAll<Item, Result>(
  batches: AsyncIterable<readonly Item[]>,
  { work, weightOf, limit, signal }: Pipeline<Item, Result>,
  line: WaitingLine<Result>,
): Promise<void> {
  for await (const batch of batches) {
    for (const item of batch) {
      const weight = weightOf(item)
      const most = Math.max(limit - weight, 0)
      // There is nearly always room, and awaiting even a resolved promise takes time.
      if (!line.hasRoom(most)) await line.makesRoom(most)
      if (signal.aborted) return
      line.add(weight, work(item))
    }
  }
}

interface Entry<Result> {
  weight: number
  result?: { value: Result }
}

/** Results that wait for earlier ones. */
class WaitingLine<Result> {
  #entries: Entry<Result>[] = []
  #weight = 0
  #isClosed = false
  #wakeReader = () => {}
  #wakeTaker = () => {}

  add(weight: number, work: Promise<Result>): void {
    const entry: Entry<Result> = { weight }
    this.#entries.push(entry)
    this.#weight += weight
    void work.then((value) => {
      entry.result = { value }
      if (this.#entries[0] === entry) this.#wakeTaker()
    })
  }

  /** Whether the queue's weight is at most `weight`. */
  hasRoom(weight: number): boolean {
    return this.#weight <= weight
  }

  /** Waits until the queue's weight is at most `weight`. */
  async makesRoom(weight: number): Promise<void> {
    while (!this.hasRoom(weight)) {
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve
      })
    }
  }

  /** Waits for the next results in order; returns undefined after the last ones. */
  async takeReady(): Promise<Result[] | undefined> {
    for (;;) {
      const ready = this.#shiftReady()
      if (ready.length > 0) return ready
      if (this.#isClosed && this.#entries.length === 0) return undefined
      await new Promise<void>((resolve) => {
        this.#wakeTaker = resolve
      })
    }
  }

  close(): void {
    this.#isClosed = true
    this.#wakeTaker()
  }

  #shiftReady(): Result[] {
    const waiting = this.#entries.findIndex(({ result }) => result === undefined)
    const ready = this.#entries.splice(0, waiting < 0 ? this.#entries.length : waiting)
    for (const { weight } of ready) this.#weight -= weight
    if (ready.length > 0) this.#wakeReader()
    return ready.map(({ result }) => result!.value)
  }
}
