import type { Socket } from 'node:net'
import { TicketsError } from '../../shared/errors.js'
import type { SocketOptions } from '../settings/target.js'

/** Sets what Node itself cannot set. Throws INVALID_INPUT where the package cannot be loaded. */
export async function setSocketOptions(socket: Socket, options: SocketOptions): Promise<void> {
  const { keepAliveIntervalMs, keepAliveCount, userTimeoutMs } = options
  // Late, and optional: it loads native code, which few settings need.
  const setters = await import('net-keepalive').catch((cause) => {
    throw new TicketsError(
      'INVALID_INPUT',
      'keepalives_interval, keepalives_count and tcp_user_timeout need the npm package net-keepalive, which cannot be loaded here. Remove them from the settings of the database.',
      { cause },
    )
  })
  if (keepAliveIntervalMs) setters.setKeepAliveInterval(socket, keepAliveIntervalMs)
  if (keepAliveCount) setters.setKeepAliveProbes(socket, keepAliveCount)
  if (userTimeoutMs) setters.setUserTimeout(socket, userTimeoutMs)
}
