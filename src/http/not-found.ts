import type { FastifyInstance, FastifyRequest } from 'fastify'
import { TicketsError } from '../shared/errors.js'
import { HttpError } from './errors.js'

/** Under this one comes whatever came under a URL that cannot be read. */
export const UNREADABLE_URL = '/unreadable-url'

/** Says of an unknown URL that it is unknown, and of a wrong method which ones are right. */
export function refuseUnknownRoutes(app: FastifyInstance): void {
  const routes: { pattern: RegExp; methods: string[] }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+')
    routes.push({ pattern: new RegExp(`^${pattern}/?$`), methods: [method].flat() })
  })
  const refusalOf = (request: FastifyRequest): Error => {
    if (request.url === UNREADABLE_URL) {
      return new TicketsError('INVALID_INPUT', 'The URL is not valid.')
    }
    const path = request.url.split('?', 1)[0]!
    const methods = routes.filter(({ pattern }) => pattern.test(path)).flatMap((r) => r.methods)
    if (methods.length === 0) {
      return new HttpError('NO_SUCH_ROUTE', 'There is nothing here. GET /docs shows what there is.')
    }
    const allow = [...new Set(methods)].sort().join(', ')
    return new HttpError('METHOD_NOT_ALLOWED', `Only ${allow} can be done here.`, { allow })
  }
  app.setNotFoundHandler((request) => {
    throw refusalOf(request)
  })
  // Its body is not waited for: announced and never sent, it would take the room of others.
  app.addHook('preParsing', (request, _reply, payload, done) => {
    done(request.is404 ? refusalOf(request) : null, payload)
  })
}
