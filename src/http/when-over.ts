import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'

const underWay = new WeakMap<Socket, Set<() => void>>()

/**
 * Calls `callBack` once when a request is over: it is answered, or its connection is closed. The
 * response's events are not enough: a pipelined request that waits for its turn gets none when the
 * connection closes.
 */
export function whenOver(request: FastifyRequest, reply: FastifyReply, callBack: () => void): void {
  const waiting = waitingOn(request.raw.socket)
  const over = () => {
    if (waiting.delete(over)) callBack()
  }
  waiting.add(over)
  reply.raw.once('close', over)
}

/** Whether a request on this connection is still in progress. */
export function isUnderWayOn(socket: Socket): boolean {
  return (underWay.get(socket)?.size ?? 0) > 0
}

function waitingOn(socket: Socket): Set<() => void> {
  const known = underWay.get(socket)
  if (known) return known
  const waiting = new Set<() => void>()
  underWay.set(socket, waiting)
  socket.once('close', () => {
    for (const over of waiting) over()
  })
  return waiting
}
