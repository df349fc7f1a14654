import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import * as schemas from './schemas.js'

/**
 * Generates the OpenAPI document from the schemas of the routes, and a page to read it. Call it
 * before the routes are added, because it listens for them.
 */
export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  for (const schema of Object.values(schemas)) {
    if (typeof schema === 'object' && '$id' in schema) app.addSchema(schema)
  }
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tickets',
        version,
        license: { name: 'MIT', identifier: 'MIT' },
        description:
          'A box office that sells every seat at most once. Errors have a closed list of codes: those of the command line, and UNAUTHORIZED, FORBIDDEN, NO_SUCH_ROUTE, METHOD_NOT_ALLOWED and TOO_MANY_REQUESTS. On 503 with Retry-After, retry after it with the same Idempotency-Key; without it, the change may have been made.',
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'Created by `tickets token create`; not required on the loopback address',
          },
        },
      },
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? i) },
    transform: ({ schema, url, route }) => ({
      schema: route.config?.role ? { ...schema, security: [{ token: [] }] } : schema,
      url,
    }),
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject
      makeBodiesOptional(document.openapiObject as Described)
      return document.openapiObject
    },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: PAGE_POLICY,
    theme: { title: 'Tickets over HTTP' },
  })
  let document: string | undefined
  app.get(
    '/openapi.json',
    {
      schema: {
        summary: 'This document',
        response: { 200: { type: 'object' }, ...schemas.errors(401) },
      },
    },
    (_request, reply) => {
      document ??= JSON.stringify(app.swagger())
      return reply.type('application/json; charset=utf-8').serializer(String).send(document)
    },
  )
}

/** The part of the document that is corrected here. */
interface Described {
  paths?: Record<string, { post?: { requestBody?: DescribedBody } }>
}

interface DescribedBody {
  required?: boolean
  content: Record<string, { schema?: { required?: string[] } }>
}

/**
 * Marks a body as optional if none of its fields is required; the plugin marks every body required.
 */
function makeBodiesOptional({ paths = {} }: Described): void {
  for (const { post } of Object.values(paths)) {
    const body = post?.requestBody
    if (body) body.required = (body.content['application/json']?.schema?.required ?? []).length > 0
  }
}

const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
