import { isUtf8 } from 'node:buffer'
import { Ajv } from 'ajv'
import type { FastifyInstance } from 'fastify'
import { invalidInput } from '../shared/errors.js'
import { repeatedField } from '../shared/repeated-field.js'

/** Takes each request as it was sent, or refuses it. */
export function takeStrictly(app: FastifyInstance): void {
  validateStrictly(app)
  parseJsonStrictly(app)
}

/**
 * Validates requests without changing them: Fastify's default drops unknown fields and turns "5"
 * into 5. Only query strings are converted, because they have no types.
 */
function validateStrictly(app: FastifyInstance): void {
  const exact = new Ajv({ allowUnionTypes: true })
  const coercing = new Ajv({ coerceTypes: true })
  app.setValidatorCompiler(({ schema, httpPart }) =>
    (httpPart === 'querystring' ? coercing : exact).compile(schema as object),
  )
}

/**
 * Accepts only JSON in UTF-8, with no field twice. Refuses other types, because a foreign web page
 * may send a form or plain text without a preflight request. A missing body counts as an empty
 * object.
 */
function parseJsonStrictly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer
    if (bytes.length === 0) return done(null, {})
    if (!isUtf8(bytes)) {
      return done(invalidInput('The body is not valid UTF-8.'))
    }
    const text = bytes.toString()
    return parse(request, text, (error, value) => done(error ?? repeatedField(text) ?? null, value))
  })
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.method === 'POST') request.body ??= {}
    done()
  })
}
