import type { Declaration } from '../../declaration.js'
import {
  anyShow,
  CHANGE_EXITS,
  dateOption,
  pageOptions,
  READ_EXITS,
  upcomingShow,
} from '../../parameters.js'

export const showCommands: Declaration = {
  name: 'show',
  about: 'create, list, view, edit, copy, cancel and report',
  examples: ['tickets show create', 'tickets show list --upcoming', 'tickets show view Hamlet'],
  exits: CHANGE_EXITS,
  commands: [
    {
      name: 'create',
      about: 'create a show; asks for what is missing',
      options: {
        '--name <text>': 'name of the show',
        '--start-time <time>': 'ISO 8601, or a local time in --time-zone',
        '--total-seats <n>': 'number of seats, 1 to 100,000',
        '--seats-per-row <n>': 'gives the seats row labels: A1, A2, …',
        '--plan <file>': {
          about: 'instead of both: a plan with sections, aisles and rows of any length',
          completes: 'files',
        },
        '--time-zone <zone>': "IANA name (default: the system's)",
      },
      examples: [
        'tickets show create',
        'tickets show create --name Hamlet --start-time "2031-03-01 19:30" \\',
        '    --time-zone Europe/London --total-seats 60 --seats-per-row 12',
        'tickets show create --name Lear --start-time "2031-03-08 19:30" \\',
        '    --plan globe.plan',
      ],
      exits: [0, 2, 5, 6],
      makesOneChange: true,
      unchanged: 'No show was created.',
      run: () => import('./create.js'),
    },
    {
      name: 'list',
      about: 'list shows by start time; on a terminal, the upcoming shows first',
      options: {
        '--upcoming': 'only shows that have not started',
        '--past': 'only shows that have started',
        '--search <text>': 'only names with these words, or beginnings of words',
        ...pageOptions,
      },
      examples: [
        'tickets show list --search "lion king"',
        'tickets show list --past',
        'tickets show list --all -o csv > shows.csv',
      ],
      exits: [0, 2, 5, 6],
      run: () => import('./list.js'),
    },
    {
      name: 'view',
      about: 'details of a show and its seat map',
      arguments: { '<show>': anyShow },
      options: {
        ...dateOption,
        '--history': 'what happened to it and to its bookings, instead of the map',
        '--watch': {
          about: 'redraw it at every change; with --json, a line for each',
          conflictsWith: ['history'],
        },
        '--section <name>': {
          about: 'draw only this section of the map',
          completes: 'sections',
          conflictsWith: ['history', 'watch'],
        },
      },
      examples: [
        'tickets show view Hamlet',
        'tickets show view Hamlet --date 2031-03-01 --watch',
        'tickets show view Hamlet --history',
      ],
      exits: READ_EXITS,
      run: () => import('./view.js'),
    },
    {
      name: 'edit',
      about: 'change the name, the time or the house of a show',
      arguments: { '<show>': upcomingShow },
      options: {
        ...dateOption,
        '--name <text>': 'its new name',
        '--start-time <time>': "ISO 8601, or a local time in the show's time zone",
        '--time-zone <zone>': 'IANA name',
        '--total-seats <n>': 'any larger number; a smaller one must keep sold and held seats',
        '--plan <file>': {
          about: 'another plan, which must have every sold and held seat under its label',
          completes: 'files',
        },
      },
      examples: [
        'tickets show edit Hamlet --start-time "2031-03-01 20:00"',
        'tickets show edit Hamlet --total-seats 72',
      ],
      exits: CHANGE_EXITS,
      makesOneChange: true,
      run: () => import('./edit.js'),
    },
    {
      name: 'copy',
      about: 'create shows with the house of another one, for a series',
      arguments: { '<show>': anyShow },
      options: {
        ...dateOption,
        '--start-time <time...>': 'when the new ones start: one show for each time',
        '--name <text>': 'their name (default: that of the show)',
      },
      examples: [
        'tickets show copy Hamlet --start-time 2031-03-08T15:00Z --name Matinee',
        'tickets show copy Hamlet --start-time "2031-03-02 19:30" "2031-03-03 19:30"',
      ],
      exits: READ_EXITS,
      unchanged: 'No show was created.',
      run: () => import('./copy.js'),
    },
    {
      name: 'cancel',
      about: 'stop selling a show; its bookings stay, for refunds',
      arguments: { '<show>': upcomingShow },
      options: {
        ...dateOption,
        '--dry-run': 'only report what it would affect',
        '-y, --yes': 'do not ask; requires --expect-bookings',
        '--expect-bookings <n>': 'proceed only if exactly N bookings are affected',
      },
      examples: [
        'tickets show cancel Hamlet --dry-run',
        'tickets show cancel Hamlet -y --expect-bookings 2',
      ],
      exits: CHANGE_EXITS,
      makesOneChange: true,
      unchanged: 'Nothing was cancelled.',
      run: () => import('./cancel.js'),
    },
    {
      name: 'report',
      about: 'sold, held, house and free seats, by row, by hour and by operator',
      arguments: { '<show>': anyShow },
      options: dateOption,
      examples: ['tickets show report Hamlet', 'tickets show report Hamlet --json'],
      exits: READ_EXITS,
      run: () => import('./report.js'),
    },
  ],
}
