import { errorCodes } from '../../shared/errors.js'

/** What help says of a command beyond its arguments and options, or of a topic. */
export interface HelpTopic {
  /** Command lines that work as they stand. */
  examples?: readonly string[]
  /** The exit codes that it may end with. */
  exits?: readonly number[]
  /** The table of a topic that is no command: its own, or that of the options of every command. */
  rows?: readonly (readonly [term: string, about: string])[] | 'options'
}

/** Every exit code: what it means, and what a script does about it. */
export const exitCodes: readonly (readonly [code: string, meaning: string, advice: string])[] = [
  ['0', 'done', ''],
  ['1', 'a bug', 'report it'],
  ['2', 'usage: bad arguments, or input needed and no terminal to ask on', 'fix the command'],
  ['3', 'not found: show, booking, or a seat that the show does not have', 'fix the id'],
  [
    '4',
    'refused: taken, held, not enough seats, show cancelled, booking in the wrong state',
    'choose again',
  ],
  ['5', 'busy: no lock or no connection within `--wait`', 'retry with the same `--key`'],
  [
    '6',
    'database not ready: unreachable, login, TLS, missing, not migrated, newer than this program',
    'fix the set-up',
  ],
  ['7', 'a check failed: `verify`, `stress`, `migrate --check`', 'fail the job'],
  ['130, 143', 'interrupted, terminated; the transaction was rolled back', ''],
]

/** The variables that the program reads by itself; Node and the system read others. */
const variables: HelpTopic['rows'] = [
  ['DATABASE_URL', "a PostgreSQL URL, or 'embedded'; --db has priority"],
  [
    'PG…',
    'as for psql: PGHOST, PGHOSTADDR, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGPASSFILE, PGSERVICE, PGSERVICEFILE, PGSYSCONFDIR, PGAPPNAME, PGOPTIONS, PGCONNECT_TIMEOUT, PGSSLMODE, PGSSLROOTCERT, PGSSLCERT, PGSSLKEY, PGSSLNEGOTIATION, PGGSSENCMODE, PGCHANNELBINDING, PGREQUIREAUTH; USER or LOGNAME',
  ],
  ['TICKETS_SCHEMA', "the schema that has the tables (default: the login's own)"],
  ['TICKETS_DATA_DIR', 'the directory of the embedded server'],
  ['TICKETS_OPERATOR', 'who works here, for the history; --operator has priority'],
  ['TICKETS_COUNTER', "'off', or the path of the counter's socket"],
  ['TICKETS_PLAIN', '1 asks line by line, and moves nothing on the screen'],
  ['CI, TERM', 'set CI: never prompt; TERM=dumb: plain text, line by line'],
  ['NO_COLOR', 'plain text; FORCE_COLOR=1: colour, even in a pipe'],
  ['COLUMNS', 'width of the output; COLORFGBG=0;15: a light background'],
  ['LANG', 'or LC_CTYPE, LC_ALL: without UTF-8 in it, output is ASCII'],
  ['TZ', 'the time zone of new shows: an IANA name'],
  ['HOME', 'place of data and caches; or XDG_DATA_HOME, XDG_CACHE_HOME'],
]

const codes = Object.entries(errorCodes)

/** The codes of errors by exit code, and those that are worth another try. */
const errorRows: HelpTopic['rows'] = [
  ...exitCodes.flatMap(([exits]) => {
    const names = codes.filter(([, { exit }]) => exits.split(', ').includes(`${exit}`))
    return names.length === 0 ? [] : [[exits, names.map(([code]) => code).join(', ')] as const]
  }),
  [
    'retry',
    `worth another try (retryable is true): ${codes
      .filter(([, { retryable }]) => retryable)
      .map(([code]) => code)
      .join(', ')}`,
  ],
]

const LOOKS = [0, 2, 3, 5, 6]
const CHANGES = [0, 2, 3, 4, 5, 6]

/** By the command's path: 'booking move'. The tests run every example. */
export const helpTopics: Record<string, HelpTopic> = {
  tickets: {
    examples: ['tickets show create && tickets book'],
    exits: [0, 1, 2, 3, 4, 5, 6, 7, 130],
  },
  migrate: {
    examples: [
      'tickets migrate --db postgres://me@localhost/tickets',
      'tickets migrate --check',
      'tickets migrate --grant clerk',
    ],
    exits: [0, 2, 5, 6, 7],
  },

  show: {
    examples: ['tickets show create', 'tickets show list --upcoming', 'tickets show view Hamlet'],
    exits: CHANGES,
  },
  'show create': {
    examples: [
      'tickets show create',
      'tickets show create --name Hamlet --start-time "2031-03-01 19:30" \\',
      '    --time-zone Europe/London --total-seats 60 --seats-per-row 12',
    ],
    exits: [0, 2, 5, 6],
  },
  'show list': {
    examples: [
      'tickets show list --search "lion king"',
      'tickets show list --past',
      'tickets show list --all -o csv > shows.csv',
    ],
    exits: [0, 2, 5, 6],
  },
  'show view': {
    examples: [
      'tickets show view Hamlet',
      'tickets show view Hamlet --date 2031-03-01 --watch',
      'tickets show view Hamlet --history',
    ],
    exits: LOOKS,
  },
  'show edit': {
    examples: [
      'tickets show edit Hamlet --start-time "2031-03-01 20:00"',
      'tickets show edit Hamlet --total-seats 72',
    ],
    exits: CHANGES,
  },
  'show copy': {
    examples: [
      'tickets show copy Hamlet --start-time 2031-03-08T15:00Z --name Matinee',
      'tickets show copy Hamlet --start-time "2031-03-02 19:30" "2031-03-03 19:30"',
    ],
    exits: LOOKS,
  },
  'show cancel': {
    examples: [
      'tickets show cancel Hamlet --dry-run',
      'tickets show cancel Hamlet -y --expect-bookings 2',
    ],
    exits: CHANGES,
  },
  'show report': {
    examples: ['tickets show report Hamlet', 'tickets show report Hamlet --json'],
    exits: LOOKS,
  },
  history: {
    examples: [
      'tickets history --show Hamlet --seat A12',
      'tickets history --booking K7Q2-9FMX',
      'tickets history --show Hamlet -o csv > history.csv',
    ],
    exits: LOOKS,
  },

  book: {
    examples: [
      'tickets book',
      'tickets book Hamlet --date 2031-03-01 --seats B1-B4 --customer "Ada Lovelace"',
      'tickets book Hamlet --file group.csv --atomic',
    ],
    exits: CHANGES,
  },
  booking: {
    examples: [
      'tickets booking list Hamlet --status confirmed --sort customer',
      'tickets booking view K7Q2-9FMX',
      'tickets booking move k7q29fmx --to D5-D8',
    ],
    exits: CHANGES,
  },
  'booking list': {
    examples: [
      'tickets booking list Hamlet --status confirmed --sort customer',
      'tickets booking list --customer "ada love"',
      'tickets booking list --since "2031-02-28 18:00" -o csv > today.csv',
    ],
    exits: LOOKS,
  },
  'booking view': {
    examples: ['tickets booking view K7Q2-9FMX', 'tickets booking view k7q29fmx --json'],
    exits: LOOKS,
  },
  'booking confirm': {
    examples: [
      'tickets booking confirm DT94-KZXC --seats C5,C6',
      'tickets booking confirm DT94-KZXC',
    ],
    exits: CHANGES,
  },
  'booking move': {
    examples: [
      'tickets booking move K7Q2-9FMX --to D5-D8',
      'tickets booking move K7Q2-9FMX --to A1-A4 --to-show "The Lion King"',
    ],
    exits: CHANGES,
  },
  'booking cancel': {
    examples: [
      'tickets booking cancel K7Q2-9FMX --seats A1 --reason "one is ill" -y',
      'tickets booking cancel K7Q2-9FMX -y',
    ],
    exits: CHANGES,
  },
  'booking check-in': {
    examples: [
      'tickets booking check-in K7Q2-9FMX --show Hamlet --seats A1',
      'tickets booking check-in K7Q2-9FMX',
      'tickets booking check-in K7Q2-9FMX --undo',
    ],
    exits: CHANGES,
  },
  'booking print': {
    examples: [
      'tickets booking print K7Q2-9FMX',
      'tickets booking print K7Q2-9FMX --svg ticket.svg',
    ],
    exits: CHANGES,
  },

  verify: {
    examples: ['tickets verify', 'tickets verify Hamlet --json', 'tickets verify --repair -y'],
    exits: [0, 2, 3, 5, 6, 7],
  },
  stress: {
    examples: [
      'tickets stress --bookings 40 --processes 8',
      'tickets stress --in-process --bookings 500 --total-seats 200',
    ],
    exits: [0, 2, 3, 4, 5, 6, 7],
  },
  demo: {
    examples: ['tickets demo'],
    exits: [0, 2, 5, 6, 7],
  },

  db: {
    examples: ['tickets db status', 'tickets db url', 'tickets db stop'],
    exits: [0, 2, 6],
  },
  'db status': { examples: ['tickets db status', 'tickets db status --json'], exits: [0, 2, 6] },
  'db start': { examples: ['tickets db start'], exits: [0, 2, 6] },
  'db stop': { examples: ['tickets db stop'], exits: [0, 2, 6] },
  'db url': {
    examples: ['tickets db url', 'export DATABASE_URL="$(tickets db url)"'],
    exits: [0, 2],
  },
  counter: {
    examples: ['tickets counter start', 'tickets counter status', 'tickets counter stop'],
    exits: [0, 2],
  },
  serve: {
    examples: ['tickets serve', 'tickets serve --host 0.0.0.0 --port 8080'],
    exits: [0, 2, 5, 6],
  },
  token: {
    examples: ['tickets token create --name lobby --role box-office', 'tickets token list'],
    exits: [0, 2, 5, 6],
  },
  'token create': {
    examples: [
      'tickets token create --name lobby --role box-office',
      'tickets token create --name dashboard --role read --json',
    ],
    exits: [0, 2, 5, 6],
  },
  'token list': { examples: ['tickets token list'], exits: [0, 2, 5, 6] },
  'token revoke': {
    examples: ['tickets token list', 'tickets token revoke 3f2a8c1e5b7d'],
    exits: [0, 2, 5, 6],
  },
  completion: {
    examples: [
      'source <(tickets completion bash)',
      'tickets completion fish > ~/.config/fish/completions/tickets.fish',
    ],
    exits: [0, 2],
  },
  help: {
    examples: ['tickets help show create', 'tickets help environment'],
    exits: [0, 2],
  },
  options: {
    examples: [
      'tickets show list --json --db postgres://me@localhost/tickets',
      'tickets book Hamlet --count 2 --key order-1077 --wait 10s',
    ],
    rows: 'options',
  },
  environment: {
    examples: ['TICKETS_OPERATOR=lobby tickets book Hamlet --count 2'],
    rows: variables,
  },
  'exit-codes': {
    examples: ['tickets show view Othello || echo "exit code $?"'],
    rows: exitCodes.map(([code, meaning, advice]) => [
      code,
      advice === '' ? meaning : `${meaning}: ${advice}`,
    ]),
  },
  errors: {
    examples: ['tickets book Hamlet --seats A1 --json || echo "exit code $?"'],
    rows: errorRows,
  },
}
