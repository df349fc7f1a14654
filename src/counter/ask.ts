import { connect } from 'node:net'
import { type CounterStatus, isOwnSocket, Wire } from './protocol.js'

/** How long a counter may take to say how it is. One that closes finishes its orders before. */
const PATIENCE_MS = { status: 2000, close: 60_000 }

/** What the counter at a path says of itself, when it is asked or when it has closed, if there is one. */
export async function askCounter(
  path: string,
  ask: 'status' | 'close',
): Promise<CounterStatus | undefined> {
  if (!isOwnSocket(path)) return undefined
  const socket = connect(path).setTimeout(PATIENCE_MS[ask], () => socket.destroy())
  const wire = new Wire(socket)
  wire.send({ ask })
  try {
    return await wire.receive<CounterStatus>()
  } finally {
    socket.destroy()
  }
}
