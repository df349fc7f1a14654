import autocannon, { type Instance, type Result } from 'autocannon'

/** A crowd of clients that book one seat a request, until they are stopped. */
export interface HttpLoad {
  /** Cuts the clients off. How many bookings they were told of; throws when anything else came. */
  stop(): Promise<number>
}

export interface Crowd {
  url: string
  connections: number
  /** Shows alike, sold one after the other. */
  shows: readonly string[]
  /** Seats of each, and how many of them, the first ones, are sold already. */
  seats: number
  sold: number
}

/** Longer than the last of the largest crowd waits for the slowest server. */
const PATIENCE_S = 60

/** Sends the crowd: everybody asks for the next free seat as soon as they are answered. */
export function startLoad({ url, connections, shows, seats, sold }: Crowd): HttpLoad {
  const free = seats - sold
  let n = 0
  let instance: Instance | undefined
  const ended = new Promise<Result>((resolve, reject) => {
    instance = autocannon(
      {
        url,
        connections,
        duration: 3600,
        timeout: PATIENCE_S,
        sampleInt: 100,
        requests: [
          {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            setupRequest(request) {
              const seat = sold + (n % free) + 1
              const show = shows[Math.floor(n++ / free)]
              return { ...request, path: `/shows/${show}/book`, body: `{"seats":[${seat}]}` }
            },
          },
        ],
      },
      (error, result) => (error ? reject(error) : resolve(result)),
    )
  })
  return {
    async stop() {
      instance!.stop()
      const { non2xx, errors, timeouts, '2xx': booked } = await ended
      if (n > free * shows.length) throw new Error('There were too few houses.')
      if (non2xx + errors + timeouts > 0) {
        throw new Error(`${non2xx} refused, ${errors} errors, ${timeouts} lost.`)
      }
      return booked
    },
  }
}
