import type { Command } from 'commander'
import { errorCodes } from '../../shared/errors.js'
import type { Handler } from '../context.js'
import { commandAt, type Declaration, type HelpRow } from '../declaration.js'
import { exitCodes } from './exit-codes.js'

/** The variables that the program reads by itself; Node and the system read others. */
const variables: readonly HelpRow[] = [
  ['DATABASE_URL', "a PostgreSQL URL, or 'embedded'; --db takes precedence"],
  [
    'PG…',
    'as for psql: PGHOST, PGHOSTADDR, PGPORT, PGTARGETSESSIONATTRS, PGLOADBALANCEHOSTS, PGDATABASE, PGUSER, PGPASSWORD, PGPASSFILE, PGSERVICE, PGSERVICEFILE, PGSYSCONFDIR, PGAPPNAME, PGOPTIONS, PGCONNECT_TIMEOUT, PGSSLMODE, PGREQUIRESSL, PGSSLROOTCERT, PGSSLCERT, PGSSLKEY, PGCHANNELBINDING; USER or LOGNAME. Others are refused, or reported if unused',
  ],
  ['TICKETS_SCHEMA', "the schema of the tables (default: the login's own)"],
  ['TICKETS_DATA_DIR', 'the directory of the embedded server'],
  ['TICKETS_OPERATOR', 'your name in the history; --operator takes precedence'],
  ['TICKETS_PLAIN', '1: ask line by line, without moving the cursor'],
  ['CI, TERM', 'set CI: never prompt; TERM=dumb: plain text, line by line'],
  ['NO_COLOR', 'plain text; FORCE_COLOR=1: colour, even in a pipe'],
  ['COLUMNS', 'width of the output; COLORFGBG=0;15: a light background'],
  ['LANG', 'or LC_CTYPE, LC_ALL: without UTF-8 in it, output is ASCII'],
  ['TZ', 'the time zone of new shows: an IANA name'],
  ['HOME', 'data and caches are here; or XDG_DATA_HOME, XDG_CACHE_HOME'],
]

const codes = Object.entries(errorCodes)

/** The error codes by exit code, and those for which a retry may help. */
const errorRows: readonly HelpRow[] = [
  ...exitCodes.flatMap(({ codes: exits }) => {
    const names = codes.filter(([, { exit }]) => exits.includes(exit)).map(([code]) => code)
    return names.length === 0 ? [] : [[exits.join(', '), names.join(', ')] as const]
  }),
  [
    'retry',
    `worth another try (retryable is true): ${codes
      .filter(([, { retryable }]) => retryable)
      .map(([code]) => code)
      .join(', ')}; IN_DOUBT only if it says so`,
  ],
]

/** The help topics: each is a hidden command that prints its table. */
export const helpTopics: readonly Declaration[] = [
  {
    name: 'options',
    about: 'options that every command takes, before or after its name',
    examples: [
      'tickets show list --json --db postgres://me@localhost/tickets',
      'tickets book Hamlet --count 2 --key order-1077 --wait 10s',
    ],
    rows: 'options' as const,
  },
  {
    name: 'environment',
    about: 'variables that the commands read; a .env file can set the first two rows',
    examples: ['TICKETS_OPERATOR=lobby tickets book Hamlet --count 2'],
    rows: variables,
  },
  {
    name: 'exit-codes',
    about: 'exit codes, and what a script does about them',
    examples: ['tickets show view Othello || echo "exit code $?"'],
    rows: exitCodes.map(
      ({ codes: exits, meaning, advice }): HelpRow => [
        exits.join(', '),
        advice === '' ? meaning : `${meaning}: ${advice}`,
      ],
    ),
  },
  {
    name: 'errors',
    about: 'error codes by exit code: `error.code` under --json',
    examples: ['tickets book Hamlet --seats A1 --json || echo "exit code $?"'],
    rows: errorRows,
  },
].map((topic) => ({
  ...topic,
  isHidden: true,
  run: async (_run, command) => ({ run: async () => command.help() }),
}))

/** `tickets help [COMMAND…]`. Commander's own command knows one level of commands. */
export const helpCommand: Declaration = {
  name: 'help',
  about: 'print help on a command or on a topic',
  isHidden: true,
  arguments: {
    '[command...]': `a command, such as show create, or ${helpTopics.map(({ name }) => name).join(', ')}`,
  },
  examples: ['tickets help show create', 'tickets help environment'],
  exits: [0, 2],
  run: async (_run, { parent }) => ({ run: helpOn(parent!) }),
}

/** Fails like commander if the words name no command. */
function helpOn(program: Command): Handler<object, [string[]]> {
  return async (_context, _options, words) => {
    const { command, stray } = commandAt(program, words)
    if (stray === undefined) command.help()
    command.error(`unknown command '${stray}'`, { code: 'commander.unknownCommand' })
  }
}
