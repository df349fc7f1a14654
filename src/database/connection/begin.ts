import { ANSWER_GRACE_MS } from '../../shared/deadline.js'

/** The settings of every transaction, which override those of the role and the pooler. */
export interface SessionSettings {
  /** How many milliseconds to wait for a lock. */
  waitMs: number
  /** The schema to work in (default: the role's search path). */
  schema?: string | undefined
  /** Who makes the changes, and with which command; the history records both. */
  operator?: string | undefined
  command?: string | undefined
  /** Settings that the user gave, in `options` of the URL or in PGOPTIONS. */
  given: readonly Setting[]
}

/** The name of a PostgreSQL setting, and its value as text. */
export type Setting = readonly [name: string, value: string]

export interface TransactionMode {
  /** Milliseconds that one statement may take (default: `statementTimeoutMs`). */
  limitMs?: number | undefined
  isolationLevel?: string | undefined
  readOnly?: boolean | undefined
  /** Who makes the changes (default: the session's operator). */
  operator?: string | undefined
}

/** How long after the server's time limit for a statement its answer may still arrive. */
export const ANSWER_DELAY_MS = 2000

/** How long the server waits for a lock; zero would mean no limit. */
export function lockTimeoutMs(waitMs: number): number {
  return Math.max(waitMs, 1)
}

/** How long the server lets a statement run. */
export function statementTimeoutMs(waitMs: number): number {
  return waitMs + ANSWER_GRACE_MS - ANSWER_DELAY_MS
}

const IDLE_IN_TRANSACTION_MS = 10_000

/** These settings decide what values and statements mean as text. */
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
 * Returns the SQL that begins a transaction: BEGIN, and every setting that the program depends on,
 * for this transaction only. Start-up parameters would cost less, but a pooler may drop them,
 * refuse them, or give the next transaction to another session. All of it is one string, so it
 * costs no more round trips than BEGIN alone.
 */
export function beginSql(session: SessionSettings, mode: TransactionMode = {}): string {
  const { isolationLevel = 'read committed', readOnly = false } = mode
  const operator = mode.operator ?? session.operator
  const settings: Setting[] = [
    ...TEXT_FORMATS,
    // A warning with COMMIT says that the synchronous standby may not have the transaction.
    ['client_min_messages', 'warning'],
    // Starting parallel workers takes longer than most statements of this program.
    ['max_parallel_workers_per_gather', '0'],
    ['lock_timeout', String(lockTimeoutMs(session.waitMs))],
    ['statement_timeout', String(mode.limitMs ?? statementTimeoutMs(session.waitMs))],
    ['idle_in_transaction_session_timeout', String(IDLE_IN_TRANSACTION_MS)],
  ]
  if (operator !== undefined) settings.push(['tickets.operator', operator])
  if (session.command !== undefined) settings.push(['tickets.command', session.command])
  return [
    `BEGIN ISOLATION LEVEL ${isolationLevel.toUpperCase()}${readOnly ? ' READ ONLY' : ''}`,
    ...session.given.map(setAsGiven),
    ...settings.map(([name, value]) => `SET LOCAL ${name} = ${literal(value)}`),
    // SET takes the literal as one name, even if it contains commas or spaces.
    ...(session.schema === undefined ? [] : [`SET LOCAL search_path = ${literal(session.schema)}`]),
  ].join('; ')
}

/**
 * Unlike SET, set_config() parses the value as the server's command line does: a search path is a
 * list.
 */
function setAsGiven([name, value]: Setting): string {
  return `SELECT set_config(${literal(name)}, ${literal(value)}, true)`
}

/**
 * Quotes a string for SQL. Escapes question marks too, because Knex replaces them with bindings.
 */
function literal(text: string): string {
  return `E'${text.replace(/['\\?]/g, (character) => escapes[character]!)}'`
}

const escapes: Record<string, string> = { "'": "''", '\\': '\\\\', '?': '\\x3F' }

/** PostgreSQL accepts these only at the start of a connection. */
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
 * Parses `options`, a command line of the server: `-c name=value` and `--name=value`, with
 * backslashes before spaces. Ignores other switches, and settings that PostgreSQL accepts only at
 * the start of a connection.
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
