import type { FastifyInstance, FastifyRequest } from 'fastify'
import { invalidInput } from '../shared/errors.js'
import { HttpError } from './errors.js'

/** Requests with a malformed URL are routed under this one. */
export const UNREADABLE_URL = '/unreadable-url'

/** Answers requests for unknown URLs, and lists the right methods in answers to wrong ones. */
export function refuseUnknownRoutes(app: FastifyInstance): void {
  const routes: { pattern: RegExp; methods: string[] }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+')
    routes.push({ pattern: new RegExp(`^${pattern}/?$`), methods: [method].flat() })
  })
  const refusalOf = (request: FastifyRequest): Error => {
    if (request.url === UNREADABLE_URL) {
      return invalidInput('The URL is not valid.')
    }
    const path = request.url.split('?', 1)[0]!
    const methods = routes.filter(({ pattern }) => pattern.test(path)).flatMap((r) => r.methods)
    if (methods.length === 0) {
      return new HttpError('NO_SUCH_ROUTE', 'There is no such route. GET /docs lists the routes.')
    }
    const allow = [...new Set(methods)].sort().join(', ')
    return new HttpError('METHOD_NOT_ALLOWED', `This route allows only ${allow}.`, { allow })
  }
  app.setNotFoundHandler((request) => {
    throw refusalOf(request)
  })
  // Does not wait for the body: one that is announced and never sent would take up room.
  app.addHook('preParsing', (request, _reply, payload, done) => {
    done(request.is404 ? refusalOf(request) : null, payload)
  })
}
