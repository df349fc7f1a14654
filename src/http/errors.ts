import type { FastifyError } from 'fastify'
import { errorJson } from '../client/json.js'
import {
  type Exit,
  errorCodes,
  exitOf,
  hasExit,
  invalidInput,
  TicketsError,
} from '../shared/errors.js'

/** The errors of HTTP alone; all others have a code of the core. */
const httpCodes = {
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NO_SUCH_ROUTE: 404,
  METHOD_NOT_ALLOWED: 405,
  TOO_MANY_REQUESTS: 429,
} as const

/** An expected failure of a request before it reaches the core. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  constructor(
    readonly code: keyof typeof httpCodes,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message)
  }
}

/** An error response. */
export interface Answer {
  status: number
  headers: Record<string, string>
  body: object
}

/**
 * Converts an error to a response; the only place that does. Any unexpected error is a bug: its
 * message may reveal internals, so only the log receives it.
 */
export function answerOf(error: unknown): Answer {
  if (error instanceof HttpError) {
    const { code, message } = error
    const retryable = code === 'TOO_MANY_REQUESTS'
    // Closes the connection of a client that sends too many requests.
    const headers = retryable ? { ...error.headers, connection: 'close' } : error.headers
    return { status: httpCodes[code], headers, body: { error: { code, message, retryable } } }
  }
  const { error: expected, status } = understand(error)
  // A client that repeats a request in doubt without a key could book twice.
  const mayRepeat = status === 503 && (expected.code !== 'IN_DOUBT' || expected.isRetryable)
  const headers: Record<string, string> = mayRepeat ? { 'retry-after': '1' } : {}
  const body = errorJson(expected)
  body.error.message = publicSentence(expected)
  return { status, headers, body }
}

/**
 * The message for a client. The core's database errors name the database, its host and its login,
 * so a client gets a general message; the log gets the full one.
 */
function publicSentence(error: TicketsError): string {
  const { code, message } = error
  if (code === 'BUSY') return 'The server is busy. Try again soon.'
  if (hasExit(error, 'noDatabase')) {
    return 'The database of this server is not ready. Try again soon; the log of the server says why.'
  }
  return message
}

/** What the log records of an error: its code and full message, and those of its cause. */
export interface FailureFacts {
  code: string | undefined
  message: string
  cause?: FailureFacts
}

export function failureFacts(error: Error & { code?: string }): FailureFacts {
  // If a host name has several addresses, the error has no message and contains an error for each.
  const cause = error instanceof AggregateError ? error.errors[0] : error.cause
  const { code, message } = error
  return { code, message, ...(cause instanceof Error && { cause: failureFacts(cause) }) }
}

const statusOfExit: Record<Exit, number> = {
  [exitOf.bug]: 500,
  [exitOf.usage]: 400,
  [exitOf.notFound]: 404,
  [exitOf.refused]: 409,
  [exitOf.busy]: 503,
  [exitOf.noDatabase]: 503,
  [exitOf.checkFailed]: 500,
  [exitOf.interrupted]: 503,
}

function statusOf(code: TicketsError['code']): number {
  // The request is valid, but contradicts an earlier one.
  if (code === 'KEY_REUSED') return 409
  return statusOfExit[errorCodes[code].exit]
}

function understand(error: unknown): { error: TicketsError; status: number } {
  if (error instanceof TicketsError) return { error, status: statusOf(error.code) }
  const { statusCode = 500, validation, validationContext, code } = error as FastifyError
  if (validation !== undefined) {
    const sentence = complaint(parts[validationContext ?? ''] ?? 'request', validation[0]!)
    return { error: invalidInput(sentence), status: 400 }
  }
  if (statusCode >= 400 && statusCode < 500) {
    const sentence = sentences[code] ?? 'The request is not well formed.'
    return { error: invalidInput(sentence), status: statusCode }
  }
  const sentence = 'This is a bug in tickets. The log of the server has it under the request id.'
  return { error: new TicketsError('INTERNAL', sentence), status: 500 }
}

const parts: Record<string, string> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
}

/** Messages for Fastify's own errors; errors not listed come from the JSON parser. */
const sentences: Record<string, string> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is too large: at most 1 MiB, or 8 MiB for a new show.',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The body must be JSON: Content-Type: application/json.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as its Content-Length says.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not valid JSON.',
}

type Complaint = NonNullable<FastifyError['validation']>[number]

/** Without a field, the message is about the whole: 'The body must be an object.' */
function complaint(part: string, { instancePath, keyword, params, message }: Complaint): string {
  const field = instancePath.slice(1).replaceAll('/', '.')
  const named = field === '' ? `The ${part}` : `In the ${part}, ${field}`
  if (keyword === 'additionalProperties') {
    const unknown = JSON.stringify(params.additionalProperty).slice(0, 80)
    return `${named} has an unknown field: ${unknown}.`
  }
  if (keyword === 'required') return `${named} lacks ${params.missingProperty}.`
  if (keyword === 'type') {
    const types = [params.type].flat() as string[]
    return `${named} must be ${types.map((type) => typeNames[type] ?? type).join(' or ')}.`
  }
  if (keyword === 'enum') {
    const values = (params.allowedValues as string[]).filter((value) => value !== '')
    return `${named} must be one of ${values.join(', ')}.`
  }
  return `${named} ${message ?? 'is not valid'}.`
}

const typeNames: Record<string, string> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  object: 'an object',
  string: 'a string',
}
