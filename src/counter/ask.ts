import { connect } from 'node:net'
import { type CounterStatus, isOwnSocket, Wire } from './protocol.js'

/** How long a counter may take to say how it is. */
const PATIENCE_MS = 2000

/**
 * What the counter at a path says of itself, if there is one: when it is asked, or when it has
 * finished its orders and closed.
 */
export async function askCounter(
  path: string,
  ask: 'status' | 'close',
): Promise<CounterStatus | undefined> {
  if (!isOwnSocket(path)) return undefined
  const socket = connect(path)
  if (ask === 'status') socket.setTimeout(PATIENCE_MS, () => socket.destroy())
  const wire = new Wire(socket)
  wire.send({ ask })
  try {
    return await wire.receive<CounterStatus>()
  } finally {
    socket.destroy()
  }
}
