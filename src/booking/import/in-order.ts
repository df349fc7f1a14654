/** How to work on a stream. */
export interface Pipeline<Item, Result> {
  /** Is begun for one item after the other, in their order; must not reject. */
  work(item: Item): Promise<Result>
  /** How much of `limit` an item takes while it is under way. */
  weightOf(item: Item): number
  /** So much is under way at most; an item that is heavier is so alone. */
  limit: number
  /** When it is aborted, no more work is begun. */
  signal: AbortSignal
}

/**
 * Works on many items at a time and gives the results in the items' order, as many at once as are
 * ready, as soon as they are. Who takes them slowly slows the work, and the reading, down.
 *
 * Throws what `batches` throws, after the results of all that had been begun.
 */
export async function* inOrder<Item, Result>(
  batches: AsyncIterable<readonly Item[]>,
  pipeline: Pipeline<Item, Result>,
): AsyncGenerator<Result[]> {
  const line = new WaitingLine<Result>()
  const reading = beginAll(batches, pipeline, line).finally(() => line.close())
  // It is awaited at the end; until then, a failure must not count as unhandled.
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
      // Nearly always there is room, and even a promise that is kept already takes its time.
      if (!line.hasRoom(most)) await line.makesRoom(most)
      if (signal.aborted) return
      line.add(weight, work(item))
    }
  }
}

interface Place<Result> {
  weight: number
  result?: { value: Result }
}

/** Results that wait for those before them. */
class WaitingLine<Result> {
  #places: Place<Result>[] = []
  #weight = 0
  #isClosed = false
  #wakeReader = () => {}
  #wakeTaker = () => {}

  add(weight: number, work: Promise<Result>): void {
    const place: Place<Result> = { weight }
    this.#places.push(place)
    this.#weight += weight
    void work.then((value) => {
      place.result = { value }
      if (this.#places[0] === place) this.#wakeTaker()
    })
  }

  /** Is no more than `weight` in the line? */
  hasRoom(weight: number): boolean {
    return this.#weight <= weight
  }

  /** Waits until it is. */
  async makesRoom(weight: number): Promise<void> {
    while (!this.hasRoom(weight)) {
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve
      })
    }
  }

  /** The results at the front, once there is one; undefined when there will be none any more. */
  async takeReady(): Promise<Result[] | undefined> {
    for (;;) {
      const ready = this.#shiftReady()
      if (ready.length > 0) return ready
      if (this.#isClosed && this.#places.length === 0) return undefined
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
    const waiting = this.#places.findIndex(({ result }) => result === undefined)
    const ready = this.#places.splice(0, waiting < 0 ? this.#places.length : waiting)
    for (const { weight } of ready) this.#weight -= weight
    if (ready.length > 0) this.#wakeReader()
    return ready.map(({ result }) => result!.value)
  }
}
