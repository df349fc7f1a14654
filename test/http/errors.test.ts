import { expect, it } from 'vitest'
import { answerOf, failureFacts } from '../../src/http/errors.js'
import { type ErrorCode, errorCodes, TicketsError } from '../../src/shared/errors.js'

const full = 'The database "box" at db.example:5432 (user clerk) says no.'

/** The status, and whether the client gets the message unchanged. */
const answers: Record<ErrorCode, [status: number, isTold: boolean]> = {
  INVALID_INPUT: [400, true],
  INPUT_REQUIRED: [400, true],
  KEY_REUSED: [409, true],
  AMBIGUOUS_ID: [400, true],
  SHOW_NOT_FOUND: [404, true],
  BOOKING_NOT_FOUND: [404, true],
  NO_SUCH_SEAT: [404, true],
  SEATS_TAKEN: [409, true],
  NOT_ENOUGH_SEATS: [409, true],
  SHOW_CANCELLED: [409, true],
  WRONG_STATE: [409, true],
  BUSY: [503, false],
  ABANDONED: [503, true],
  IN_DOUBT: [503, true],
  DB_UNREACHABLE: [503, false],
  DB_AUTH: [503, false],
  DB_MISSING: [503, false],
  DB_TLS: [503, false],
  NOT_MIGRATED: [503, false],
  SCHEMA_TOO_NEW: [503, false],
  CHECK_FAILED: [500, true],
  INTERRUPTED: [503, true],
  INTERNAL: [500, true],
}

it.each(Object.entries(answers))('%s over HTTP: %j', (name, [status, isTold]) => {
  const code = name as ErrorCode
  const answer = answerOf(new TicketsError(code, full))
  expect(answer.status).toBe(status)
  const mayRepeat = status === 503 && code !== 'IN_DOUBT'
  expect(answer.headers).toEqual(mayRepeat ? { 'retry-after': '1' } : {})
  const { retryable } = errorCodes[code]
  expect(answer.body).toEqual({
    error: { code, retryable, message: isTold ? full : expect.any(String) },
  })
  if (!isTold) expect(JSON.stringify(answer.body)).not.toMatch(/box|db\.example|5432|clerk/)
})

it('an outcome in doubt is reported as such, with the reference to look it up', () => {
  const sentence = 'K7Q2-9FMX may or may not be booked.'
  const error = new TicketsError('IN_DOUBT', sentence)
  expect(answerOf(error).body).toMatchObject({
    error: { code: 'IN_DOUBT', message: sentence },
  })
})

it.each([
  [true, { 'retry-after': '1' }],
  [false, {}],
])('a client may repeat a request that is in doubt: %s', (isRetryable, headers) => {
  const answer = answerOf(new TicketsError('IN_DOUBT', 'In doubt.', { isRetryable }))
  expect(answer).toMatchObject({ headers, body: { error: { retryable: isRetryable } } })
})

it('the log contains all causes of an error, and no rows that they carry', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), {
    code: 'ECONNREFUSED',
    detail: 'Failing row contains (Ada Lovelace).',
  })
  const driver = new AggregateError([refused])
  const cause = new TicketsError('DB_UNREACHABLE', full, { cause: driver })
  expect(failureFacts(new TicketsError('BUSY', 'Busy.', { cause }))).toEqual({
    code: 'BUSY',
    message: 'Busy.',
    cause: {
      code: 'DB_UNREACHABLE',
      message: full,
      cause: {
        code: undefined,
        message: '',
        cause: { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:1' },
      },
    },
  })
})
