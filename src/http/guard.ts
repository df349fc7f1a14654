import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { type ApiToken, type Tickets, type TokenRole, tokenRoles } from '../client/api.js'
import { HttpError } from './errors.js'
import { shareLookups } from './shared-lookups.js'

/**
 * Allows a request for a route that needs `role`, or throws UNAUTHORIZED or FORBIDDEN. Sets the
 * request's token if the route needs one, even if the request is then refused.
 */
export type Guard = (request: FastifyRequest, role: TokenRole | undefined) => Promise<void>

/** Requires a bearer token with a sufficient role on each route that needs one. */
export function guardByToken(tickets: Pick<Tickets, 'findToken'>): Guard {
  // Caches nothing, so that revoking a token takes effect at once.
  const share = shareLookups<ApiToken | undefined>()
  // Keyed by the hash, because the time of a map lookup could reveal something about the token.
  const findToken = (text: string) => share(hashOf(text), () => tickets.findToken(text))
  return async (request, role) => {
    if (role === undefined) return
    const [, text] = /^Bearer +(\S{1,200})$/i.exec(request.headers.authorization ?? '') ?? []
    const token = text === undefined ? undefined : await findToken(text)
    if (token === undefined) {
      throw new HttpError(
        'UNAUTHORIZED',
        'This request needs a token: Authorization: Bearer tkt_….',
        {
          'www-authenticate': 'Bearer',
        },
      )
    }
    request.token = token
    if (!mayDo(token.role, role)) {
      throw new HttpError('FORBIDDEN', `A token with the role ${token.role} may not do this.`)
    }
  }
}

/**
 * Allows, without tokens, every request that reaches the loopback address, with two exceptions. A
 * web page in a browser of this machine reaches it too, so requests from foreign pages are refused:
 * those with a foreign origin, or with a foreign host name that resolves to this address (DNS
 * rebinding). A proxy on this machine makes it reachable from the internet, so requests with a
 * proxy's headers are refused.
 */
export function guardLoopback(allowedOrigins: readonly string[]): Guard {
  return async ({ headers, method }) => {
    const { host, origin } = headers
    if (Object.keys(headers).some((name) => OF_A_PROXY.test(name))) {
      throw new HttpError(
        'FORBIDDEN',
        'This request came through a proxy, and without tokens this server answers only clients on its own machine. Make a token with `tickets token create`, and start the server with --require-token.',
      )
    }
    if (host !== undefined && !LOCAL_HOST.test(host)) {
      throw new HttpError(
        'FORBIDDEN',
        'Without tokens this server answers only requests to localhost. Start it with --require-token.',
      )
    }
    const isRead = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
    const isOwn = origin === undefined || origin === `http://${host}`
    if (!isRead && !isOwn && !allowedOrigins.includes(origin)) {
      throw new HttpError('FORBIDDEN', 'Requests from other web pages are refused. See --cors.')
    }
  }
}

/** What proxies add: RFC 7239 and 9110, and what was usual before. Node gives names in lower case. */
const OF_A_PROXY = /^(forwarded|via|x-real-ip|x-forwarded(-.+)?)$/

const LOCAL_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i

/** Whether this address leads only to this machine. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

function mayDo(has: TokenRole, needs: TokenRole): boolean {
  return tokenRoles.indexOf(has) <= tokenRoles.indexOf(needs)
}
