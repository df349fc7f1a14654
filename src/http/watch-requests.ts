import type { FastifyInstance, FastifyRequest, RouteHandlerMethod } from 'fastify'
import type { FailureFacts } from './errors.js'
import type { LoadLimit } from './load-limit.js'
import type { Metrics } from './metrics.js'
import { whenOver } from './when-over.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The handler's work, which may take longer than the client stays connected. */
    work: Promise<unknown> | undefined
    /** The reason for a 503 response. */
    failure: FailureFacts | undefined
  }
}

/**
 * Counts, logs and ends every request when its connection is done with it, even if the client has
 * disconnected. Work for a disconnected client still counts as load. Call it before the routes are
 * added.
 */
export function watchRequests(
  app: FastifyInstance,
  { metrics, load }: { metrics: Metrics; load: LoadLimit },
): void {
  followWork(app)
  app.decorateRequest('failure', undefined)
  app.addHook('onRequest', (request, reply, done) => {
    const started = performance.now()
    // Node knows the address of a closed connection only if it was read before.
    void request.socket.remoteAddress
    whenOver(request, reply, () => {
      const leave = () => load.leave(request.raw)
      if (reply.raw.writableFinished || request.work === undefined) leave()
      else request.work.then(leave, leave)
      const { config, url: route = 'none' } = request.routeOptions
      const seconds = (performance.now() - started) / 1000
      const { method } = request
      const status = reply.raw.writableFinished ? reply.statusCode : 499
      if (!config.isStream) metrics.request({ method, route, status, seconds })
      const path = request.originalUrl.split('?', 1)[0]!.slice(0, 200)
      const facts = {
        ...requestFacts(request),
        method,
        path,
        status,
        ms: Math.round(seconds * 1e5) / 100,
        failure: request.failure,
      }
      if (status === 503) request.log.warn(facts, 'request')
      else if (config.isProbe) request.log.debug(facts, 'request')
      else request.log.info(facts, 'request')
    })
    done()
  })
}

/** The fields of the log that identify a request and its client. */
export function requestFacts({ id, socket, token }: FastifyRequest) {
  return { reqId: id, address: socket.remoteAddress, token: token?.name }
}

/** Records the handler's work for each request. */
function followWork(app: FastifyInstance): void {
  app.decorateRequest('work', undefined)
  app.addHook('onRoute', (route) => {
    route.handler = followed(route.handler)
  })
}

function followed(handler: RouteHandlerMethod): RouteHandlerMethod {
  return function (request, reply) {
    const result = handler.call(this, request, reply)
    if (result instanceof Promise) request.work = result
    return result
  }
}
