import type { FastifyInstance, RouteHandlerMethod } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** What its handler does for it; that may take longer than its client stays. */
    work: Promise<unknown> | undefined
  }
}

/** Keeps for every request what its handler does. Must come before the routes. */
export function followWork(app: FastifyInstance): void {
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
