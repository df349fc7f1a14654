import { describe, expect, test } from 'vitest'
import { networkSentences } from '../../src/database/failure-sentences.js'
import { isServerAbsent, isServerOccupied, retryCause } from '../../src/database/failures.js'

/** Every SQLSTATE of the classes that contain a retried one, from PostgreSQL's appendix A. */
const sqlStates = {
  connect: '53300 57P03',
  conflict: '26000 40001 40P01 42P05 55P03',
  lost: '08000 08001 08003 08006 08007 08P01 25006 25P03 57P01 57P02 57P05',
  none: `08004
    25000 25001 25002 25003 25004 25005 25007 25008 25P01 25P02 25P04
    40000 40002 40003
    53000 53100 53200 53400
    55000 55006 55P02 55P04
    57000 57014 57P04
    3D000 28000 28P01 23505 42P01 58030 XX000`,
}

/** Every code of a system call that the program knows, and one that it does not. */
const systemCodes: [code: string, whileConnecting: string, later: string][] = [
  ['ECONNREFUSED', 'connect', 'none'],
  ['ENOENT', 'connect', 'none'],
  ['ENOTDIR', 'connect', 'none'],
  ['EACCES', 'connect', 'none'],
  ['EPERM', 'connect', 'none'],
  ['EINVAL', 'connect', 'none'],
  ['ENOTFOUND', 'connect', 'none'],
  ['EAI_AGAIN', 'connect', 'none'],
  ['ETIMEDOUT', 'connect', 'lost'],
  ['EHOSTUNREACH', 'connect', 'lost'],
  ['EHOSTDOWN', 'connect', 'lost'],
  ['ENETUNREACH', 'connect', 'lost'],
  ['ENETDOWN', 'connect', 'lost'],
  ['ECONNRESET', 'connect', 'lost'],
  ['ECONNABORTED', 'connect', 'lost'],
  ['EPIPE', 'connect', 'lost'],
  ['EAGAIN', 'connect', 'none'],
  ['EADDRNOTAVAIL', 'connect', 'none'],
  ['ERR_STREAM_DESTROYED', 'lost', 'lost'],
  ['ERR_STREAM_WRITE_AFTER_END', 'lost', 'lost'],
  ['ERR_SOCKET_CLOSED', 'lost', 'lost'],
  ['EMFILE', 'none', 'none'],
]

const said = (code: string, severity = 'FATAL') =>
  Object.assign(new Error('the server says so'), { code, severity })
const failed = (code: string, syscall?: string) =>
  Object.assign(new Error('the system says so'), { code, ...(syscall && { syscall }) })
const cause = (error: unknown) => retryCause(error) ?? 'none'

describe('whether to retry, and why', () => {
  test.each(
    Object.entries(sqlStates).flatMap(([expected, states]) =>
      states.split(/\s+/).map((state) => [state, expected] as const),
    ),
  )('SQLSTATE %s: %s', (state, expected) => {
    expect(cause(said(state))).toBe(expected)
    expect(cause(said(state, 'ERROR'))).toBe(expected)
  })

  test('a PANIC stops the server, with any SQLSTATE', () => {
    for (const state of ['53100', '58030', 'XX000', '08004', '40001']) {
      expect(cause(said(state, 'PANIC'))).toBe('lost')
    }
  })

  test.each(systemCodes)('%s: %s while connecting, %s later', (code, whileConnecting, later) => {
    expect(cause(failed(code, 'connect'))).toBe(whileConnecting)
    expect(cause(failed(code, 'getaddrinfo'))).toBe(whileConnecting)
    expect(cause(new AggregateError([failed(code, 'connect')]))).toBe(whileConnecting)
    for (const syscall of ['read', 'write', 'open', undefined]) {
      expect(cause(failed(code, syscall))).toBe(later)
    }
  })

  test('every code with its own message has a row', () => {
    expect(systemCodes.map(([code]) => code)).toEqual(
      expect.arrayContaining(Object.keys(networkSentences)),
    )
  })

  test.each([
    ['Connection terminated unexpectedly', 'lost'],
    ['Connection terminated', 'lost'],
    ['Client has encountered a connection error and is not queryable', 'lost'],
    ['Client was closed and is not queryable', 'lost'],
    ['select 1 - Connection terminated unexpectedly', 'lost'],
    ['Connection terminated by a bug', 'none'],
    ['The server does not support SSL connections', 'none'],
  ])('node-postgres, without a code: "%s": %s', (text, expected) => {
    expect(cause(new Error(text))).toBe(expected)
  })

  test('what is not a failure of the database: none', () => {
    for (const thrown of [new TypeError('a bug'), 'a text', null, undefined, {}]) {
      expect(cause(thrown)).toBe('none')
    }
  })
})

describe('a server that has no room at the moment', () => {
  const full = ['EAGAIN', 'EADDRNOTAVAIL'].map((code) => failed(code, 'connect'))
  const accepted = Object.assign(failed('ETIMEDOUT', 'connect'), { isAccepted: true })
  test.each([...['53300', '57P03'].map((state) => said(state)), ...full, accepted])(
    'is occupied, not absent: %o',
    (error) => {
      expect(isServerOccupied(error)).toBe(true)
      expect(isServerAbsent(error)).toBe(false)
    },
  )

  test('is neither an absent server nor one that makes only others wait', () => {
    for (const code of Object.keys(networkSentences)) {
      const isFull = ['EAGAIN', 'EADDRNOTAVAIL'].includes(code)
      expect(isServerOccupied(failed(code, 'connect')), code).toBe(isFull)
    }
    expect(isServerOccupied(said('40001'))).toBe(false)
    expect(isServerOccupied(said('57P01'))).toBe(false)
  })
})

test('an embedded server is started when its socket, or its database, is missing', () => {
  for (const code of Object.keys(networkSentences)) {
    const isMissing = ['ECONNREFUSED', 'ENOENT', 'ENOTDIR'].includes(code)
    expect(isServerAbsent(failed(code, 'connect')), code).toBe(isMissing)
    expect(isServerAbsent(failed(code, 'open')), code).toBe(false)
  }
  expect(isServerAbsent(said('3D000'))).toBe(true)
  expect(isServerAbsent(said('28000'))).toBe(false)
})
