/** One hostile command line, the exit code that it must have, and its environment. */
export interface HostileInput {
  argv: string[]
  /**
   * 2: usage, 3: not found, 4: refused. 6 if the database is wrong, and 0 if nothing is wrong: a
   * search for any words, or a completion.
   */
  exit: 0 | 2 | 3 | 4 | 6
  /** The word that is wrong, if it is one of a kind. */
  hostile?: string
  env?: Record<string, string>
}

/** A command line for each of the values, which are what is wrong with it. */
export function each(
  values: readonly string[],
  lineOf: (value: string) => string[],
  exit: HostileInput['exit'] = 2,
): HostileInput[] {
  return values.map((hostile) => ({ argv: lineOf(hostile), exit, hostile }))
}

export function usage(argv: string[]): HostileInput {
  return { argv, exit: 2 }
}

/** The shows in the table, as the test creates them; local times are London's. */
export const HOUSE = 'aaaa1111-0000-4000-8000-000000000001' // 10 seats, no rows; 1 sold, 2 held
export const ROWS = 'bbbb2222-0000-4000-8000-000000000002' // 15 seats, 10 in a row: A1-A10, B1-B5
export const CANCELLED = 'cccc3333-0000-4000-8000-000000000003'
export const TWINS = [
  'dddd4444-0000-4000-8000-000000000004',
  'dddd4444-0000-4000-8000-000000000005',
]
export const BOOKING = 'eeee5555-0000-4000-8000-000000000006' // a booking's id, not a show's
export const USED_KEY = 'used'

/** Bookings by their reference, of the house except the last two. */
export const SOLD = 'SSSS2222' // seat 1
export const HELD = 'HHHH3333' // seat 2
export const GIVEN_BACK = 'GGGG4444' // cancelled
export const REFUSED = 'FFFF5555'
export const INSIDE = 'NNNN6666' // B5 of the rows, checked in
export const OFF = 'XXXX7777' // seat 5 of the cancelled show
export const TOKEN = 'abcdef012345'

export const MISSING = 'ffff6666-0000-4000-8000-000000000007'
export const LONG = 'a'.repeat(100_000)
export const CLEAR = '\u001b[2J\u001b[31m'
export const TITLE = '\u001b]0;owned\u0007'
export const HALF = '\ud800'
export const DIRECTORY = '/tmp'

export const notCounts = [
  ...['five', '1e9', '-1', '0', '1.5', 'NaN', 'Infinity', '0x10', '1_000', '1,000', '+5', '', ' '],
  ...['１２', '٣', '99999999999999999999', '5\n5', '5\0', HALF, `5${CLEAR}`, `5${TITLE}`],
  ...["5'; drop table shows; --", '$(reboot)', '`id`', '../../etc/passwd', '%s%n', LONG],
]
/** Enough to see that a flag is parsed like the others. */
export const someNotCounts = ['five', '1e9', '-1', '1.5', 'NaN', '', HALF, `5${TITLE}`]
export const notDurations = [
  ...['5', '-5s', '1e3s', 'NaN', '1.5h', '5m30s', '10S', '5sec', 'P1D', '٣s', '', ' ', '1000d'],
  ...['99999999999999999999d', '5 s', '5s\0', `5s${CLEAR}`, HALF, "5s'; drop table shows", LONG],
]
export const notSeats = [
  ...['', ' ', ',', '1,,2', '1,', ',1', '-1', '1.5', '1e9', 'NaN', '5-1', '1-', '-', '--', '1-2-3'],
  ...[
    '1;2',
    '1 2',
    '1..3',
    '*',
    'all',
    '0x1',
    '１',
    'Ａ１',
    'Ä1',
    'A',
    'A-B',
    'A1-4',
    '4-A1',
    '+1',
  ],
  ...['3,3', '3-5,4', 'A4-A1', 'B1-A1', '3\n4', '3\0', HALF, `3${CLEAR}`, `${TITLE}3`, LONG],
  ...["3'; delete from bookings; --", '$(reboot)', '{3}', 'null', '\u202e3', '1,'.repeat(600_000)],
]
export const someNotSeats = ['', '1,,2', '-1', '1.5', '1e9', '5-1', 'B1-A1', '3,3', HALF, CLEAR]
export const noSuchSeats = [
  ...['0', '11', '0-3', '9-11', '100001', '99999999999999999999', '1-100000', '00'],
]
export const noSuchLabels = [
  ...['A0', 'A11', 'B6', 'C1', 'ZZZZ1', 'A9-A11', 'B5-C1', '16', '15-16', 'AA1'],
]
export const notTimes = [
  ...['2026-02-30 19:00', '2027-02-29T19:00Z', '2026-13-01T19:00Z', '2026-00-10T19:00Z'],
  ...['2026-12-25', '19:00', 'tomorrow', 'now', '', ' ', '1766689200', 'NaN', '-1', LONG, HALF],
  ...['2026-12-25T24:00Z', '2026-12-25T19:60Z', '2026-12-25T19:00:60Z', '2026-12-25T19:00+25:00'],
  ...[
    '2026-12-25T19:00+14:30',
    '2026-12-25T19:00-12:01',
    '1899-12-31T23:59Z',
    '+12026-01-01T19:00Z',
  ],
  ...['2026-12-25T19:00[Europe/London]', '2026-12-25T19:00Zjunk', '2026-12-25\u202819:00'],
  ...[
    '2026-03-29 01:30',
    '2026-10-25 01:30',
    '0000-00-00 00:00',
    '25/12/2026 19:00',
    '2026-12-25T19Z',
  ],
  ...["2026-12-25 19:00'; drop table shows", `2026-12-25 19:00${TITLE}`, '2026-12-25 19:00\0'],
]
export const someNotTimes = [
  ...['2026-02-30 19:00', '2026-03-29 01:30', '2026-12-25', 'NaN', '', HALF, `19:00${TITLE}`, LONG],
]
export const notDates = [
  ...['2031-02-29', '2031-13-01', '1899-12-31', '2031-3-1', '01/03/2031', '2031-03-01T24:00', ''],
  ...['2031-03', '20310301', '2031-03-01Z', '2031-03-01T19:30Z', 'tomorrow', '0', 'NaN', ' ', LONG],
  ...[HALF, '2031-03-01\0', `2031-03-01${CLEAR}`, '２０３１-03-01', "2031-03-01' or true"],
]
export const someNotDates = ['2031-02-29', '2031-3-1', 'now', '', HALF, '2031-03-01\0', LONG]
export const notTimeZones = [
  ...['Mars/Phobos', 'GMT+25', '+01:00', '-0500', 'Europe/', 'Europe', '', ' ', 'NaN', '0', LONG],
  ...[
    '../../etc/passwd',
    'Europe/London\0',
    `UTC${CLEAR}`,
    '\u202eUTC',
    HALF,
    'UTC; drop table shows',
  ],
]
export const notTexts = ['', ' ', '\u3000\t', 'a\0b', HALF, `x${HALF}y`, 'a'.repeat(201), LONG]
/** For texts of up to a thousand characters. */
export const notNotes = notTexts.filter((text) => text.length !== 201)
/** Names that neither a show nor a booking has. */
const notNames = [
  ...['Nobody', '', ' ', 'fff', 'ffff', 'zzzz', MISSING, MISSING.toUpperCase(), `{${MISSING}}`],
  ...[`${HOUSE}0`, HOUSE.replaceAll('-', ''), 'cat', '%', '_', '*', '-', '1', LONG, '1e9', 'NaN'],
  ...['\0', HALF, `Cats${CLEAR}`, TITLE, "' or 1=1 --", '"; drop table shows', '$(id)', '../Cats'],
]
export const notShows = [...notNames, BOOKING, SOLD]
export const someNotShows = ['Nobody', '', BOOKING, MISSING, '\0', TITLE]
export const notBookings = [
  ...[...notNames, HOUSE, 'Cats', TOKEN, 'K7Q2-9FMX', 'K7Q29FM', `${SOLD}2`, 'SSSS-222O'],
  ...[`${SOLD}\0`, `{${BOOKING}}`, BOOKING.slice(0, 8), `${SOLD},${HELD}`, `${SOLD} or true`],
]
export const someNotBookings = ['Nobody', '', HOUSE, MISSING, 'K7Q2-9FMX', '\0', TITLE]
export const ambiguous = ['dddd', 'dddd4444-0000', 'Twin']
export const notFiles = [
  ...[DIRECTORY, '/etc', '/', '/nonexistent/x.csv', '', ' ', '\0', HALF, CLEAR, LONG],
  '/etc/passwd/x',
]
