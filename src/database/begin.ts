/** What every transaction of a database has in force, whatever the role or the pooler prefers. */
export interface SessionSettings {
  /** Milliseconds that a lock is waited for; at least 1, as 0 means no limit to PostgreSQL. */
  lockTimeoutMs: number
  /** Milliseconds that one statement may take. */
  statementTimeoutMs: number
  /** The schema to work in; undefined: the role's own search path. */
  schema: string | undefined
  /** Who makes the changes, and with which command: what the history records. */
  operator: string | undefined
  command: string | undefined
  /** Settings that the user gave, in `options` of the URL or in PGOPTIONS. */
  given: readonly Setting[]
}

/** The name of a PostgreSQL setting, and its value as text. */
export type Setting = readonly [name: string, value: string]

export interface TransactionMode {
  isolationLevel?: string | undefined
  readOnly?: boolean | undefined
  /** Makes the changes in place of the session's operator. */
  operator?: string | undefined
}

const IDLE_IN_TRANSACTION_MS = 10_000

/** What the text of values and of statements means depends on these. */
const TEXT_FORMATS: readonly Setting[] = [
  ['client_encoding', 'UTF8'],
  ['datestyle', 'ISO'],
  ['intervalstyle', 'postgres'],
  ['timezone', 'UTC'],
  ['bytea_output', 'hex'],
  ['extra_float_digits', '1'],
  ['standard_conforming_strings', 'on'],
  ['array_nulls', 'on'],
]

/**
 * The text that begins a transaction: BEGIN, and every setting that the program depends on, for this
 * transaction only. Start-up parameters would cost less, but a pooler may drop them, refuse them, or
 * give the next transaction to another session. One text, so that it costs no round trip.
 */
export function beginSql(session: SessionSettings, mode: TransactionMode = {}): string {
  const { isolationLevel = 'read committed', readOnly = false } = mode
  const operator = mode.operator ?? session.operator
  const settings: Setting[] = [
    ...TEXT_FORMATS,
    // Starting parallel workers takes longer than most statements of this program.
    ['max_parallel_workers_per_gather', '0'],
    ['lock_timeout', String(session.lockTimeoutMs)],
    ['statement_timeout', String(session.statementTimeoutMs)],
    ['idle_in_transaction_session_timeout', String(IDLE_IN_TRANSACTION_MS)],
  ]
  if (operator !== undefined) settings.push(['tickets.operator', operator])
  if (session.command !== undefined) settings.push(['tickets.command', session.command])
  return [
    `BEGIN ISOLATION LEVEL ${isolationLevel.toUpperCase()}${readOnly ? ' READ ONLY' : ''}`,
    ...session.given.map(setAsGiven),
    ...settings.map(([name, value]) => `SET LOCAL ${name} = ${literal(value)}`),
    // SET takes a literal for one name, whatever characters it has.
    ...(session.schema === undefined ? [] : [`SET LOCAL search_path = ${literal(session.schema)}`]),
  ].join('; ')
}

/** Unlike SET, the function reads the value as the command line does: a search path is a list. */
function setAsGiven([name, value]: Setting): string {
  return `SELECT set_config(${literal(name)}, ${literal(value)}, true)`
}

/** A text as SQL. It has no question mark, which Knex would replace, as it does for a value. */
function literal(text: string): string {
  return `E'${text.replace(/['\\?]/g, (character) => escapes[character]!)}'`
}

const escapes: Record<string, string> = { "'": "''", '\\': '\\\\', '?': '\\x3F' }

/** PostgreSQL takes these at the start of a connection only. */
const AT_START_ONLY = new Set([
  'ignore_system_indexes',
  'jit_debugging_support',
  'jit_profiling_support',
  'local_preload_libraries',
  'log_connections',
  'log_disconnections',
  'post_auth_delay',
])

/**
 * The settings in `options`, which is a command line of the server: `-c name=value` and
 * `--name=value`, with backslashes before spaces. Other switches are left out, and so is what can
 * be set at the start of a connection only.
 */
export function settingsInOptions(options: string): Setting[] {
  const words = options.match(/(?:\\.|[^\\\s])+/gs)?.map((word) => word.replace(/\\(.)/gs, '$1'))
  const settings: Setting[] = []
  for (let i = 0; words?.[i] !== undefined; i++) {
    const word = words[i]!
    const text = word === '-c' ? words[++i] : /^(?:-c|--)(.+)/s.exec(word)?.[1]
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(text ?? '') ?? []
    if (name === undefined) continue
    const setting = name.replaceAll('-', '_').toLowerCase()
    if (!AT_START_ONLY.has(setting)) settings.push([setting, value!])
  }
  return settings
}
