import { Ajv } from 'ajv'
import type { FastifyInstance } from 'fastify'

/**
 * Checks requests against their schemas, and changes nothing in them: Fastify's own way would drop
 * unknown fields and turn "5" into 5. Only a query has no types of its own, so there it does.
 */
export function validateStrictly(app: FastifyInstance): void {
  const exact = new Ajv({ allowUnionTypes: true })
  const coercing = new Ajv({ coerceTypes: true })
  app.setValidatorCompiler(({ schema, httpPart }) =>
    (httpPart === 'querystring' ? coercing : exact).compile(schema as object),
  )
}
