import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'

const underWay = new WeakMap<Socket, Set<() => void>>()

/**
 * Calls back once when a request is over, however that comes about: it is answered, or its
 * connection is gone. The response alone does not tell: of pipelined requests, one that waits for
 * its turn when the connection is cut never hears of it.
 */
export function whenOver(request: FastifyRequest, reply: FastifyReply, callBack: () => void): void {
  const waiting = waitingOn(request.raw.socket)
  const over = () => {
    if (waiting.delete(over)) callBack()
  }
  waiting.add(over)
  reply.raw.once('close', over)
}

/** Is there a request on this connection that is not over yet? */
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
