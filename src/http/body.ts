import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { TicketsError } from '../shared/errors.js'

/**
 * Bodies are JSON in UTF-8 or nothing. No other type is taken: a form or plain text is what a
 * foreign web page may send without asking. No body at all is an empty object.
 */
export function parseJsonStrictly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer
    if (bytes.length === 0) return done(null, {})
    if (!isUtf8(bytes)) {
      return done(new TicketsError('INVALID_INPUT', 'The body is not valid UTF-8.'))
    }
    return parse(request, bytes.toString(), done)
  })
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.method === 'POST') request.body ??= {}
    done()
  })
}
