import { Ajv } from 'ajv'
import type { FastifyInstance } from 'fastify'

/**
 * Validates requests without changing them: Fastify's default drops unknown fields and turns "5"
 * into 5. Only query strings are converted, because they have no types.
 */
export function validateStrictly(app: FastifyInstance): void {
  const exact = new Ajv({ allowUnionTypes: true })
  const coercing = new Ajv({ coerceTypes: true })
  app.setValidatorCompiler(({ schema, httpPart }) =>
    (httpPart === 'querystring' ? coercing : exact).compile(schema as object),
  )
}
