import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Clients that book one seat with each request, until they are stopped. */
export interface HttpLoad {
  /**
   * Disconnects the clients. Returns how many bookings they had a response for. Throws if there was
   * any other response.
   */
  stop(): Promise<number>
}

export interface Crowd {
  url: string
  connections: number
  /** Shows of one kind, sold one after the other. */
  shows: readonly string[]
  /** The number of seats of each, and how many of the first ones are already sold. */
  seats: number
  sold: number
}

/**
 * Starts the clients: each requests the next free seat as soon as it has the response to the last.
 * Writes to sockets itself, because the clients share the machine's cores with the server: autocannon uses as
 * much of them for a request as PostgreSQL does for a booking.
 */
export function startLoad({ url, connections, shows, seats, sold }: Crowd): HttpLoad {
  const { hostname, port, host } = new URL(url)
  const free = seats - sold
  let n = 0
  let booked = 0
  let failure: Error | undefined
  let isStopped = false

  const sendNext = (socket: Socket) => {
    const show = shows[Math.floor(n / free)]
    const body = `{"seats":[${sold + (n++ % free) + 1}]}`
    socket.write(
      `POST /shows/${show}/book HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
  }
  const openClient = () => {
    const socket = connect(Number(port), hostname).setNoDelay().setEncoding('latin1')
    const fail = (error: Error) => {
      if (!isStopped) failure ??= error
    }
    socket.once('connect', () => sendNext(socket))
    socket.once('error', fail)
    socket.once('close', () => fail(new Error('The server closed a connection.')))
    let received = ''
    socket.on('data', (text: string) => {
      received += text
      if (!isWhole(received)) return
      if (received.startsWith('HTTP/1.1 201 ')) booked++
      else fail(new Error(received))
      received = ''
      sendNext(socket)
    })
    return socket
  }

  const sockets = Array.from({ length: connections }, openClient)
  return {
    async stop() {
      isStopped = true
      await Promise.all(
        sockets.map(async (socket) => {
          if (!socket.destroyed) await once(socket.destroy(), 'close')
        }),
      )
      if (n > free * shows.length) throw new Error('There were too few houses.')
      if (failure) throw failure
      return booked
    },
  }
}

/** Whether a response has arrived with its body, whose length both servers declare. */
function isWhole(response: string): boolean {
  const end = response.indexOf('\r\n\r\n')
  if (end < 0) return false
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(response.slice(0, end)) ?? []
  return response.length >= end + 4 + Number(length)
}
