/** What help tells of a command beyond its arguments and options. */
export interface HelpTopic {
  /** Command lines that work as they stand. */
  examples?: readonly string[]
  /** The exit codes that it may end with. */
  exits?: readonly number[]
}

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
      'tickets show list --upcoming --search "lion king"',
      'tickets show list --all -o csv > shows.csv',
    ],
    exits: [0, 2, 5, 6],
  },
  'show view': {
    examples: [
      'tickets show view Hamlet',
      'tickets show view Hamlet --watch',
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
      'tickets book Hamlet --seats B1-B4 --customer "Ada Lovelace"',
      'tickets book Hamlet --count 2 --hold 15m --customer Grace',
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
      'tickets booking list Hamlet --all -o csv > doors.csv',
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
  options: {
    examples: [
      'tickets show list --json --db postgres://me@localhost/tickets',
      'tickets book Hamlet --count 2 --key order-1077 --wait 10s',
    ],
  },
}
