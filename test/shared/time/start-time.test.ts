import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TicketsError } from '../../../src/shared/errors.js'
import { formatStartTime } from '../../../src/shared/time/format-time.js'
import {
  parseStartTime,
  parseTimeZone,
  systemTimeZone,
} from '../../../src/shared/time/start-time.js'
import { expectWording, withFacts } from '../../support/wording.js'

describe('a start time', () => {
  it.each([
    ['2026-12-25T19:00:00.000Z', 'Europe/London', '2026-12-25T19:00:00.000Z'],
    ['2026-12-25t19:00z', 'Asia/Tokyo', '2026-12-25T19:00:00.000Z'],
    ['2026-12-25 19:00+01:00', 'UTC', '2026-12-25T18:00:00.000Z'],
    ['2026-12-25T19:00-0530', 'UTC', '2026-12-26T00:30:00.000Z'],
    ['2026-12-25T19:00:05+14', 'UTC', '2026-12-25T05:00:05.000Z'],
    ['2026-12-25T19:00-12:00', 'UTC', '2026-12-26T07:00:00.000Z'],
    ['2026-12-25T19:00-00:16:08', 'UTC', '2026-12-25T19:16:08.000Z'],
    ['2026-12-25T19:00:00.5Z', 'UTC', '2026-12-25T19:00:00.500Z'],
    ['2026-12-25 19:00', 'Europe/London', '2026-12-25T19:00:00.000Z'],
    ['2026-06-25 19:00', 'Europe/London', '2026-06-25T18:00:00.000Z'],
    ['  2026-06-25 19:00:30\n', 'europe/london', '2026-06-25T18:00:30.000Z'],
    ['2026-06-25T19:00', 'Asia/Kathmandu', '2026-06-25T13:15:00.000Z'],
    ['2028-02-29 00:00', 'UTC', '2028-02-29T00:00:00.000Z'],
    ['1900-01-01 00:00', 'UTC', '1900-01-01T00:00:00.000Z'],
    ['9999-12-31 23:59:59', 'UTC', '9999-12-31T23:59:59.000Z'],
  ])('%j in %s', (text, zone, utc) => {
    expect(parseStartTime(text, zone).toISOString()).toBe(utc)
  })

  const wrong = [
    '',
    'tomorrow',
    '2026-12-25',
    '19:00',
    '1766689200',
    '20261225T190000Z',
    '2026-W52-5T19:00',
    '25/12/2026 19:00',
    '2026-12-25  19:00',
    '2026-12-25 19',
    '2026-12-25 7:00 pm',
    '2026-12-25 19:00 GMT',
    '2026-12-25 19:00[Europe/London]',
    '2026-02-30 10:00',
    '2027-02-29 10:00',
    '2026-13-01 10:00',
    '2026-00-10 10:00',
    '2026-01-00 10:00',
    '2026-12-25 24:00',
    '2026-12-25 25:00',
    '2026-12-25 19:60',
    '2026-12-31T23:59:60Z',
    '2026-12-25T19:00:00.1234Z',
    '2026-12-25T19:00+99:00',
    '2026-12-25T19:00+14:01',
    '2026-12-25T19:00-12:01',
    '2026-12-25T19:00+01:60',
    '2026-02-30T10:00Z',
    '1899-12-31T23:59Z',
    '1900-01-01T00:00+01:00',
    '9999-12-31T23:59-01:00',
    '0000-01-01T00:00Z',
    '+275760-09-13T00:00Z',
    '-000001-01-01T00:00Z',
    '+010000-01-01T00:00Z',
    '2026-12-25T19:00Z\u001b[31m',
  ]
  it.each(wrong)('%j is refused', (text) => {
    const error = failure(() => parseStartTime(text, 'Europe/London'))
    expect(error.code).toBe('INVALID_INPUT')
    expect(error.message).not.toMatch(/\p{Cc}/u)
  })

  it.each([
    ['2026-12-25 24:00', '00:00:00', '23:59:59'],
    ['2026-12-31T23:59:60Z', '00:00:00', '23:59:59'],
    ['2026-12-25T19:00+15:00', '-12:00', '+14:00'],
    ['1899-12-31 10:00', '1900', '9999'],
  ])('%j is refused with the permitted values: %s to %s', (text, least, most) => {
    const { message } = failure(() => parseStartTime(text, 'UTC'))
    expect(message).toEqual(withFacts(`"${text}"`, least, most))
  })

  it('is refused with the messages in test/wording/start-time.txt', () =>
    expectWording(
      'start-time',
      [...wrong, '2026-03-29 01:30', '2026-10-25 01:30'].map((text) => [
        text,
        failure(() => parseStartTime(text, 'Europe/London')).message,
      ]),
    ))

  it('in an invalid time zone is refused', () => {
    expect(failure(() => parseStartTime('2026-12-25 19:00', 'Mars')).code).toBe('INVALID_INPUT')
  })
})

describe('a local time that the clocks skip or repeat is refused, with two offsets to choose from', () => {
  it.each([
    ['2026-03-29 01:30', 'Europe/London', '+00:00', '+01:00'],
    ['2026-10-25 01:30', 'Europe/London', '+01:00', '+00:00'],
    ['2026-10-25 01:30:15.5', 'Europe/London', '+01:00', '+00:00'],
    ['2026-11-01 01:00', 'America/New_York', '-04:00', '-05:00'],
    ['2026-04-05 01:45', 'Australia/Lord_Howe', '+11:00', '+10:30'],
    ['2011-12-30 12:00', 'Pacific/Apia', '-10:00', '+14:00'],
    ['1912-01-01 00:10', 'Africa/Abidjan', '-00:16:08', '+00:00'],
  ])('%s in %s: %s or %s', (text, zone, first, second) => {
    const { code, message } = failure(() => parseStartTime(text, zone))
    expect(code).toBe('INVALID_INPUT')
    const offered = timesIn(message)
    expect(offered.map((time) => time.replace(/.*?(?=[+-]\d\d:\d\d(:\d\d)?$)/, ''))).toEqual([
      first,
      second,
    ])
    const [one, other] = offered.map((time) => parseStartTime(time, zone).getTime())
    expect(one).not.toBe(other)
  })

  it('says which local times a skipped time may mean', () => {
    const { message } = failure(() => parseStartTime('2026-03-29 01:30', 'Europe/London'))
    expect(message.match(/\d{4}-\d\d-\d\d.\d\d:\d\d([+-]\d\d:\d\d)?/g)).toEqual([
      '2026-03-29 01:30',
      ...['2026-03-29T01:30+00:00', '2026-03-29 02:30'],
      ...['2026-03-29T01:30+01:00', '2026-03-29 00:30'],
    ])
  })

  it.each(['2026-03-29 00:59:59', '2026-03-29 02:00', '2026-10-25 00:59:59', '2026-10-25 02:00'])(
    'but %s, right next to the change, is accepted',
    (text) => {
      expect(formatStartTime(parseStartTime(text, 'Europe/London'), 'Europe/London')).toContain(
        text,
      )
    },
  )
})

describe('a time zone', () => {
  it.each([
    ['Europe/London', 'Europe/London'],
    ['europe/london', 'Europe/London'],
    [' AMERICA/NEW_YORK ', 'America/New_York'],
    ['America/Port-au-Prince', 'America/Port-au-Prince'],
    ['asia/kolkata', 'Asia/Kolkata'],
    ['utc', 'UTC'],
    ['Etc/GMT+3', 'Etc/GMT+3'],
  ])('%j is %s', (text, name) => {
    expect(parseTimeZone(text)).toBe(name)
  })

  const examples = ['Europe/London', 'America/New_York', 'UTC']
  const none: [text: string, zones: string[]][] = [
    ['london', ['Europe/London']],
    ['New York', ['America/New_York']],
    ['Europe/Londn', ['Europe/London']],
    ['Europe/Beerlin', ['Europe/Berlin']],
    ['Eruope/London', ['Europe/London']],
    ['America/New-York', ['America/New_York']],
    ['Mars/Phobos', examples],
    ['BST', examples],
    ['+05:30', examples],
    ['', examples],
    ['a'.repeat(1_000_000), examples],
    ['\u001b[31m', examples],
  ]
  it.each(none)('%.20j is invalid; %j is suggested', (text, zones) => {
    const { code, message } = failure(() => parseTimeZone(text))
    expect(code).toBe('INVALID_INPUT')
    expect(message.replace(/^"[^"]*"/, '').match(/[A-Z]\w+\/\w+|UTC/g)).toEqual(zones)
    expect(message).toMatch(/^[\x20-\x7e…]{1,200}$/)
  })

  it('that is invalid is refused with the messages in test/wording/time-zone.txt', () =>
    expectWording('time-zone', [
      ...none.map(([text]) => [text, failure(() => parseTimeZone(text)).message] as const),
      ['TZ=BST', failure(() => systemTimeZone({ TZ: 'BST' })).message],
      ['TZ=', failure(() => systemTimeZone({ TZ: '' })).message],
    ]))

  // Names that ICU keeps for old Java programs, and names that it still knows and IANA has dropped.
  it.each([
    ...'ACT AET AGT ART AST BET BST CAT CNT CST CTT EAT ECT IET IST JST MIT NET NST'.split(' '),
    ...'PLT PNT PRT PST SST VST bst'.split(' '),
    ...['SystemV/PST8PDT', 'US/Pacific-New', 'Canada/East-Saskatchewan', 'Etc/Unknown', 'Factory'],
    ...['CET-1CEST,M3.5.0,M10.5.0/3', 'UTC0', 'GMT+1', 'posix/Europe/Paris', '/etc/localtime'],
  ])('%s is not an IANA name, here and in TZ', (name) => {
    const { code, message } = failure(() => parseTimeZone(name))
    expect([code, message]).toEqual(['INVALID_INPUT', withFacts(`"${name}"`, 'UTC')])
    for (const TZ of [name, `:${name}`]) {
      expect(failure(() => systemTimeZone({ TZ }))).toMatchObject({
        code: 'INVALID_INPUT',
        message: withFacts('TZ', `"${TZ}"`, '--time-zone'),
      })
    }
  })

  it.each([
    ...'EST MST HST EST5EDT CST6CDT MST7MDT PST8PDT CET MET EET WET GB NZ PRC ROC ROK'.split(' '),
    ...['GMT', 'UCT', 'Zulu', 'W-SU', 'GB-Eire', 'NZ-CHAT', 'Navajo', 'Europe/Kiev', 'US/Pacific'],
    ...['Europe/Kyiv', 'Asia/Calcutta', 'Etc/GMT-14', 'America/Argentina/ComodRivadavia'],
  ])('%s is one, a link or not, here and in TZ', (name) => {
    expect(parseTimeZone(name)).toBe(name)
    expect(systemTimeZone({ TZ: name })).toBe(name)
    expect(systemTimeZone({ TZ: `:${name}` })).toBe(name)
  })

  it('is the time zone of the system if TZ is not set', () => {
    expect(systemTimeZone({})).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone)
    for (const TZ of ['', ':', ' ']) {
      expect(failure(() => systemTimeZone({ TZ })).code).toBe('INVALID_INPUT')
    }
  })

  it('is accepted and can be displayed, for each zone that Node lists', () => {
    for (const zone of Intl.supportedValuesOf('timeZone')) {
      expect(parseTimeZone(zone.toLowerCase())).toBe(zone)
    }
  })
})

describe('a start time as text', () => {
  it.each([
    ['2026-12-25T19:00:00Z', 'Europe/London', '2026-12-25 19:00 GMT'],
    ['2026-06-25T19:00:00Z', 'Europe/London', '2026-06-25 20:00 BST'],
    ['2026-06-25T19:00:05Z', 'Europe/Berlin', '2026-06-25 21:00:05 CEST'],
    ['2026-12-25T00:00:00Z', 'UTC', '2026-12-25 00:00 UTC'],
    ['2026-12-25T19:00:00Z', 'America/New_York', '2026-12-25 14:00 GMT-5'],
    ['2026-12-25T19:00:00Z', 'Asia/Kolkata', '2026-12-26 00:30 GMT+5:30'],
    ['2026-12-25T19:00:00Z', 'Mars/Phobos', '2026-12-25 19:00 UTC'],
  ])('%s in %s is %s', (utc, zone, text) => {
    expect(formatStartTime(new Date(utc), zone)).toBe(text)
  })

  it('is read back as the same time, unless the clocks repeat it', () => {
    const zones = fc.constantFrom('Europe/London', 'America/New_York', 'Asia/Kathmandu', 'UTC')
    const times = fc.date({
      min: new Date('1900-01-02T00:00:00Z'),
      max: new Date('9999-12-30T00:00:00Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(times, zones, (time, zone) => {
        time.setUTCMilliseconds(0)
        const local = formatStartTime(time, zone).split(' ').slice(0, 2).join(' ')
        try {
          expect(parseStartTime(local, zone)).toEqual(time)
        } catch (error) {
          const meant = timesIn((error as TicketsError).message)
          expect(meant.map((text) => parseStartTime(text, zone))).toContainEqual(time)
        }
      }),
    )
  })
})

/** The times with an offset that a message offers. */
function timesIn(sentence: string): string[] {
  return [...sentence.matchAll(/\S+T\S+[+-]\d\d:\S*\d/g)].map(([time]) => time)
}

function failure(run: () => unknown): TicketsError {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(TicketsError)
    return error as TicketsError
  }
  throw new Error('It was accepted.')
}
