/** One hostile command line, the exit code that it must have, and what else sets the scene. */
export interface HostileInput {
  argv: string[]
  /** 2: usage, 3: not found, 4: refused. 6 where it is the database that was badly named. */
  exit: 2 | 3 | 4 | 6
  env?: Record<string, string>
}

/** The shows that the table speaks of, as the test makes them. */
export const HOUSE = 'aaaa1111-0000-4000-8000-000000000001' // 10 seats, no rows; 1 sold, 2 held
export const ROWS = 'bbbb2222-0000-4000-8000-000000000002' // 15 seats, 10 a row: A1-A10, B1-B5
export const CANCELLED = 'cccc3333-0000-4000-8000-000000000003'
export const TWINS = [
  'dddd4444-0000-4000-8000-000000000004',
  'dddd4444-0000-4000-8000-000000000005',
]
export const BOOKING = 'eeee5555-0000-4000-8000-000000000006' // a booking's id, not a show's
export const USED_KEY = 'used'

const MISSING = 'ffff6666-0000-4000-8000-000000000007'
const LONG = 'a'.repeat(100_000)
const CLEAR = '\u001b[2J\u001b[31m'
const TITLE = '\u001b]0;owned\u0007'
const HALF = '\ud800'
const DIRECTORY = '/tmp'

const notCounts = [
  ...['five', '1e9', '-1', '0', '1.5', 'NaN', 'Infinity', '0x10', '1_000', '1,000', '+5', '', ' '],
  ...['１２', '٣', '99999999999999999999', '5\n5', '5\0', HALF, `5${CLEAR}`, `5${TITLE}`],
  ...["5'; drop table shows; --", '$(reboot)', '`id`', '../../etc/passwd', '%s%n', LONG],
]
/** Enough to see that a flag goes the same way as the others. */
const someNotCounts = ['five', '-1', '1.5', 'NaN', '', HALF, `5${TITLE}`]
const notDurations = [
  ...['5', '-5s', '1e3s', 'NaN', '1.5h', '5m30s', '10S', '5sec', 'P1D', '٣s', '', ' ', '1000d'],
  ...['99999999999999999999d', '5 s', '5s\0', `5s${CLEAR}`, HALF, "5s'; drop table shows", LONG],
]
const notSeats = [
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
const noSuchSeats = ['0', '11', '0-3', '9-11', '100001', '99999999999999999999', '1-100000', '00']
const noSuchLabels = ['A0', 'A11', 'B6', 'C1', 'ZZZZ1', 'A9-A11', 'B5-C1', '16', '15-16', 'AA1']
const notTimes = [
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
const notTimeZones = [
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
const notTexts = ['', ' ', '\u3000\t', 'a\0b', HALF, `x${HALF}y`, 'a'.repeat(201), LONG]
const notShows = [
  ...['Nobody', '', ' ', 'fff', 'ffff', 'zzzz', MISSING, MISSING.toUpperCase(), `{${MISSING}}`],
  ...[BOOKING, `${HOUSE}0`, HOUSE.replaceAll('-', ''), 'cats', '%', '_', '*', '-', '1', LONG],
  ...['\0', HALF, `Cats${CLEAR}`, TITLE, "' or 1=1 --", '"; drop table shows', '$(id)', '../Cats'],
]
const someNotShows = ['Nobody', '', BOOKING, MISSING, '\0', TITLE]
const ambiguous = ['dddd', 'dddd4444-0000', 'Twin']

const show = ['show', 'create']
const name = ['--name', 'x']
const seats = ['--total-seats', '5']
const start = ['--start-time', '2026-12-25T19:00Z']

/** The table, by kind. Every value is tried through every flag that takes its kind. */
export const hostileInputs: Record<string, HostileInput[]> = {
  'a number that is none': [
    ...each(notCounts, (n) => [...show, ...name, ...start, '--total-seats', n]),
    ...each(notCounts, (n) => [...show, ...name, ...start, ...seats, '--seats-per-row', n]),
    ...each(notCounts, (n) => ['show', 'list', '--limit', n]),
    ...each(notCounts, (n) => ['book', HOUSE, '--count', n]),
    ...each(someNotCounts, (n) => ['book', HOUSE, '--count', n, '--dry-run']),
    ...each(notCounts, (n) => ['stress', '--in-process', '--bookings', n]),
    ...each(someNotCounts, (n) => ['stress', '--processes', n]),
    ...each(someNotCounts, (n) => ['stress', '--in-process', '--concurrency', n]),
    ...each(someNotCounts, (n) => ['stress', '--in-process', '--total-seats', n]),
    ...each(someNotCounts, (n) => ['stress', '--in-process', '--seats-per-booking', n]),
    ...each(someNotCounts, (n) => ['stress', '--in-process', '--seats-per-booking', `1..${n}`]),
    ...each(someNotCounts, (n) => ['stress', '--in-process', '--seed', n]),
  ],
  'a number out of bounds': [
    ...each(['100001', '999999999'], (n) => [...show, ...name, ...start, '--total-seats', n]),
    ...each(['6', '100000'], (n) => [...show, ...name, ...start, ...seats, '--seats-per-row', n]),
    ...each(['100001', '999999999'], (n) => ['book', HOUSE, '--count', n]),
    ...each(['10', '100000'], (n) => ['book', HOUSE, '--count', n], 4),
    ...each(['10', '100000'], (n) => ['book', HOUSE, '--count', n, '--dry-run'], 4),
    ...each(['1000001', '999999999'], (n) => ['stress', '--in-process', '--bookings', n]),
    ...each(['1001', '999999999'], (n) => ['stress', '--processes', n]),
    ...each(['10001'], (n) => ['stress', '--in-process', '--concurrency', n]),
    ...each(['4..1', '0..4', '1..', '..4', '1...4'], (n) => ['stress', '--seats-per-booking', n]),
    ...each(['4294967296'], (n) => ['stress', '--in-process', '--seed', n]),
  ],
  'a duration that is none': [
    ...each(notDurations, (text) => ['show', 'list', '--wait', text]),
    ...each(notDurations, (text) => ['book', HOUSE, '--seats', '3', '--hold', text]),
    ...each(['0s', '0ms', 'Forever', 'never'], (text) => [
      'book',
      HOUSE,
      '--count',
      '1',
      '--hold',
      text,
    ]),
  ],
  'seats that are none': [
    ...each(notSeats, (spec) => ['book', HOUSE, '--seats', spec]),
    ...each(['', '1,', '5-1', 'B1-A1', 'A3,A3', HALF], (spec) => [
      ...['book', ROWS, '--seats', spec, '--dry-run'],
    ]),
    ...each(['A1', 'a3-a4', 'ZZ9', 'a3,a3'], (spec) => ['book', HOUSE, '--seats', spec]),
    ...each(['A3,3', 'A1-A9,A5'], (spec) => ['book', ROWS, '--seats', spec]),
  ],
  'seats that the house does not have': [
    ...each(noSuchSeats, (spec) => ['book', HOUSE, '--seats', spec], 3),
    ...each(noSuchSeats, (spec) => ['book', HOUSE, '--seats', spec, '--dry-run'], 3),
    ...each(noSuchLabels, (spec) => ['book', ROWS, '--seats', spec], 3),
  ],
  'seats that are gone': [
    ...each(['1', '2', '1-3', '2-10'], (spec) => ['book', HOUSE, '--seats', spec], 4),
    ...each(['1', '2', '1-3', '2-10'], (spec) => ['book', HOUSE, '--seats', spec, '--dry-run'], 4),
    ...each(['1', '2'], (spec) => ['book', HOUSE, '--seats', spec, '--hold', 'forever'], 4),
    ...each(['1', '10'], (spec) => ['book', CANCELLED, '--seats', spec], 4),
    ...each(['1', '10'], (n) => ['book', CANCELLED, '--count', n, '--dry-run'], 4),
  ],
  'a time that is none': each(notTimes, (time) => [
    ...[...show, ...name, ...seats, '--time-zone', 'Europe/London', '--start-time', time],
  ]),
  'a time zone that is none': each(notTimeZones, (zone) => [
    ...[...show, ...name, ...seats, ...start, '--time-zone', zone],
  ]),
  'a text that is none': [
    ...each(notTexts, (text) => [...show, '--name', text, ...seats, ...start]),
    ...each(notTexts, (text) => ['book', HOUSE, '--seats', '3', '--customer', text]),
    ...each(notTexts, (text) => ['book', HOUSE, '--seats', '3', '--key', text]),
    ...each(
      notTexts.filter((text) => text.length !== 201),
      (text) => ['book', HOUSE, '--seats', '3', '--note', text],
    ),
    ...each(['', ' ', '\0', '\t\n', '\u3000'], (text) => ['show', 'list', '--search', text]),
    ...each([...notTexts, 'nobody', 'public', `x${TITLE}`, "'", '"'], (role) => [
      ...['migrate', '--grant', role],
    ]),
  ],
  'a show that is none': [
    ...each(notShows, (id) => ['show', 'view', id], 3),
    ...each(notShows, (id) => ['book', id, '--seats', '3'], 3),
    ...each(someNotShows, (id) => ['book', id, '--count', '1', '--dry-run'], 3),
    ...each(notShows, (id) => ['verify', id], 3),
    ...each(someNotShows, (id) => ['verify', id, '--repair', '--yes'], 3),
    ...each(someNotShows, (id) => ['stress', id, '--in-process', '--yes'], 3),
    ...each(ambiguous, (id) => ['show', 'view', id]),
    ...each(ambiguous, (id) => ['book', id, '--seats', '3']),
    ...each(ambiguous, (id) => ['verify', id]),
  ],
  'a file that is none': [
    ...each(
      [
        DIRECTORY,
        '/etc',
        '/',
        '/nonexistent/x.csv',
        '',
        ' ',
        '\0',
        HALF,
        CLEAR,
        LONG,
        '/etc/passwd/x',
      ],
      (file) => ['book', HOUSE, '--file', file],
    ),
    ...each(['/bin/sh', '/etc/passwd', '/proc/self/maps', '/etc/hostname'], (file) => [
      ...['book', HOUSE, '--file', file, '--atomic'],
    ]),
    usage(['book', HOUSE, '--file', '/etc/hostname', '--seats', '3']),
    usage(['book', HOUSE, '--file', '/etc/hostname', '--key', 'x']),
    usage(['book', HOUSE, '--file', '/etc/hostname', '--file', '/etc/hostname']),
  ],
  'a key of another request': [
    usage(['book', HOUSE, '--seats', '3', '--key', USED_KEY]),
    usage(['book', HOUSE, '--count', '1', '--key', USED_KEY]),
    usage(['book', HOUSE, '--seats', '1', '--customer', 'Eve', '--key', USED_KEY]),
    usage(['book', ROWS, '--seats', '1', '--key', USED_KEY]),
    usage(['book', HOUSE, '--seats', '1', '--hold', '5m', '--key', USED_KEY]),
  ],
  'a command line that is none': [
    ...each(
      [
        ...[
          'shows',
          'boook',
          'constructor',
          '__proto__',
          'toString',
          'hasOwnProperty',
          '',
          ' ',
          '-',
        ],
        ...['--', '---', '--=', '--nonsense', '--__proto__', '-z', '-qz', '--seats', '--no-json=1'],
        ...['--help=yes', '--json=1', '\0', HALF, CLEAR, TITLE, LONG, `--${LONG}`, DIRECTORY],
        ...[
          '$(reboot)',
          '`id`',
          '; reboot',
          '| cat',
          '> /tmp/x',
          "' or 1=1",
          'shоw' /* Cyrillic */,
        ],
      ],
      (word) => [word],
    ),
    ...each(['constructor', '__proto__', 'restart', '', '\0', CLEAR, LONG], (word) => ['db', word]),
    ...each(['constructor', 'delete', '', '--', 'view'], (word) => ['show', word]),
    ...each(['xml', 'constructor', '__proto__', '', 'JSON', CLEAR], (word) => [
      'show',
      'list',
      '-o',
      word,
    ]),
    usage(['show', 'view']),
    usage(['show', 'view', HOUSE, ROWS]),
    usage(['show', 'list', HOUSE]),
    usage(['book']),
    usage(['book', HOUSE]),
    usage(['book', HOUSE, ROWS, '--seats', '3']),
    usage(['book', '--', '--seats', '3']),
    usage(['book', '--', HOUSE, '--seats', '3']),
    usage(['book', HOUSE, '--seats']),
    usage(['book', HOUSE, '--seats=']),
    usage(['book', HOUSE, '--seats', '3', '--seats', '4']),
    usage(['book', HOUSE, '--seats', '3', '--count', '1']),
    usage(['book', HOUSE, '--count', '1', '--count', '1']),
    usage(['book', HOUSE, '--seats', '3', '--key', 'a', '--key', 'b']),
    usage(['book', HOUSE, '--seats', '3', '--hold', '5m', '--hold', '5m']),
    usage(['book', HOUSE, '--seats', '3', '--dry-run=false']),
    usage(['book', HOUSE, '--seats', '3', '--yes=no']),
    usage(['book', HOUSE, '--seats', '3', '--nonsense']),
    usage(['book', HOUSE, '--seats', '3', '--wait', '1s', '--wait', '2s']),
    usage(['book', HOUSE, '--seats', '3', '4']),
    usage(['--seats', '3', 'book', HOUSE]),
    usage([...show, ...name]),
    usage([...show, ...name, ...name, ...seats, ...start]),
    usage([...show, ...name, ...seats, ...start, ...start]),
    usage([...show, ...name, ...seats, ...start, 'extra']),
    usage(['show', 'list', '--all', '--limit', '1']),
    usage(['show', 'list', '--limit', '1', '--limit', '2']),
    usage(['verify', '--yes']),
    usage(['verify', '--dry-run']),
    usage(['verify', HOUSE, ROWS]),
    usage(['migrate', '--check', '--rollback', '--yes']),
    usage(['migrate', '--grant', 'x', '--rollback', '--yes']),
    usage(['migrate', '--grant', 'x', '--grant', 'y']),
    usage(['migrate', '--rollback']),
    usage(['migrate', 'latest']),
    usage(['stress', HOUSE, '--in-process']),
    usage(['stress', HOUSE, '--in-process', '--yes', '--total-seats', '5']),
    usage(['stress', '--in-process', '--processes', '5']),
    usage(['stress', '--concurrency', '5']),
    usage(['stress', '--bookings', '5', '--bookings', '5']),
    usage(['demo', HOUSE]),
    usage(['db']),
    usage(['db', 'status', 'now']),
  ],
  'a database that is none': [
    ...each(
      [
        ...['', ' ', 'x', 'embedded2', 'mysql://h/x', 'http://h', 'file:///etc/passwd', DIRECTORY],
        ...['postgres:/h/x', 'postgres://h:port/x', 'postgres://h:99999/x', 'postgres://h:-1/x'],
        ...['postgres://a,b/x', 'postgres://h/x?sslmode=maybe', 'postgres://h/x?nonsense=1', HALF],
        ...[
          'postgres://u:p/ss@h/x',
          'postgres://h/%zz',
          'postgres://h/x?sslmode=verify-ca&sslrootcert=/',
        ],
        ...[`postgres://${CLEAR}@h:x/`, `${TITLE}://`, '\0', LONG, `postgres://h/x?${LONG}=1`],
        ...[
          'postgres://h/x?service=none',
          'postgres://h/x?port=0',
          'postgres://h/x?connect_timeout=x',
        ],
        ...[
          'postgres://h/x?__proto__=1',
          'postgres://u%00options%00-c%20x@h/x',
          `postgres://${LONG}@h/x`,
          'postgres://h/x?constructor=1',
          'postgres://h/x?gssencmode=require',
        ],
      ],
      (url) => ['--db', url, 'show', 'list'],
    ),
    ...each(
      [
        ...['postgres://u@/x?host=/nonexistent', `postgres://u@/x?host=${DIRECTORY}`],
        ...[
          'postgres://u@/x?host=/etc/passwd',
          'postgres://u@/x?host=%2F%00',
          'postgres://u@/x?host=/%0a',
        ],
        ...['postgres://u@127.0.0.1:1/x', 'postgres://u@0.0.0.0:1/x', 'postgres://u@localhost:1/x'],
        ...[
          `postgres://u@/x?host=/${'a'.repeat(300)}`,
          `postgres://${encodeURIComponent(CLEAR)}@127.0.0.1:1/x`,
        ],
      ],
      (url) => ['--wait', '0s', '--db', url, 'show', 'list'],
      6,
    ),
    ...(
      [
        [{ DATABASE_URL: 'nonsense' }, 2],
        [{ DATABASE_URL: '\u001b[31m' }, 2],
        [{ DATABASE_URL: '', PGPORT: 'five' }, 2],
        [{ DATABASE_URL: '', PGHOST: 'a,b' }, 2],
        [{ DATABASE_URL: '', PGSERVICE: `none${CLEAR}` }, 2],
        [{ DATABASE_URL: '', PGSERVICE: 'x', PGSERVICEFILE: DIRECTORY }, 2],
        [{ PGSSLMODE: 'maybe', DATABASE_URL: 'postgres://h/x' }, 2],
        [{ TICKETS_SCHEMA: 'none' }, 6],
        [{ TICKETS_SCHEMA: '"; drop table shows; --' }, 6],
        [{ TICKETS_SCHEMA: LONG }, 2],
        [{ TICKETS_SCHEMA: 'x\0y' }, 2],
      ] as const
    ).map(([env, exit]): HostileInput => ({ argv: ['show', 'list'], exit, env })),
  ],
}

function each(
  values: readonly string[],
  lineOf: (value: string) => string[],
  exit: HostileInput['exit'] = 2,
): HostileInput[] {
  return values.map((value) => ({ argv: lineOf(value), exit }))
}

function usage(argv: string[]): HostileInput {
  return { argv, exit: 2 }
}
