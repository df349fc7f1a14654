import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { type ApiToken, type Tickets, type TokenRole, tokenRoles } from '../client/api.js'
import { HttpError } from './errors.js'
import { shareLooks } from './share-looks.js'

/**
 * Lets a request pass that needs `role`, or throws UNAUTHORIZED or FORBIDDEN. Sets the request's
 * token, if it needs one, also when it is then refused.
 */
export type Guard = (request: FastifyRequest, role: TokenRole | undefined) => Promise<void>

/** Wants a bearer token of the right role wherever a route needs one. */
export function guardByToken(tickets: Pick<Tickets, 'findToken'>): Guard {
  // Nothing is remembered: a token that is revoked is of no use from that moment on.
  const share = shareLooks<ApiToken | undefined>()
  // By its hash: how long it takes to find a text in a map tells something about the text.
  const findToken = (text: string) => share(hashOf(text), () => tickets.findToken(text))
  return async (request, role) => {
    if (role === undefined) return
    const [, text] = /^Bearer +(\S{1,200})$/i.exec(request.headers.authorization ?? '') ?? []
    const token = text === undefined ? undefined : await findToken(text)
    if (token === undefined) {
      throw new HttpError('UNAUTHORIZED', 'This wants a token: Authorization: Bearer tkt_….', {
        'www-authenticate': 'Bearer',
      })
    }
    request.token = token
    if (!mayDo(token.role, role)) {
      throw new HttpError('FORBIDDEN', `A token of the role ${token.role} may not do this.`)
    }
  }
}

/**
 * Without tokens, every request that reaches the loopback address may do everything. A web page that
 * is open in a browser of this machine reaches it too, so what comes from a foreign page is refused:
 * a foreign origin, or a foreign name that was made to lead here (DNS rebinding). Through a proxy on
 * this machine the whole internet reaches it, so what a proxy has marked is refused as well.
 */
export function guardByPlace(allowedOrigins: readonly string[]): Guard {
  return async ({ headers, method }) => {
    const { host, origin } = headers
    if (Object.keys(headers).some((name) => OF_A_PROXY.test(name))) {
      throw new HttpError(
        'FORBIDDEN',
        'This request came through a proxy, and without tokens this server answers to its own machine only. Make a token with `tickets token create`, and start the server with --require-token.',
      )
    }
    if (host !== undefined && !LOCAL_HOST.test(host)) {
      throw new HttpError(
        'FORBIDDEN',
        'Without tokens this server answers to localhost only. Start it with --require-token.',
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

/** Does this address lead to this machine alone? */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

function mayDo(has: TokenRole, needs: TokenRole): boolean {
  return tokenRoles.indexOf(has) <= tokenRoles.indexOf(needs)
}
