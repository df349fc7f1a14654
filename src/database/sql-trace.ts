import type { Knex } from 'knex'

/**
 * Passes on every statement of `db`: `1.3 ms  select … where "id" = $1  ["3f2a…"]`, and `failed
 * after …` for those that fail. Bindings are shortened: they are there to be recognised.
 */
export function traceQueries(db: Knex, trace: (line: string) => void): void {
  const startedAt = new Map<string, number>()
  // A connection runs one statement at a time, so its id is enough to find the start.
  const elapsed = ({ __knexUid }: TracedQuery) =>
    `${(performance.now() - (startedAt.get(__knexUid) ?? Number.NaN)).toFixed(1)} ms`

  db.on('query', (query: TracedQuery) => {
    startedAt.set(query.__knexUid, performance.now())
    // Knex announces the start of these, but never their end.
    if (transactionControl.test(query.sql)) trace(query.sql)
  })
  db.on('query-response', (_response: unknown, query: TracedQuery) =>
    trace(`${elapsed(query)}  ${describe(query)}`),
  )
  db.on('query-error', (_error: unknown, query: TracedQuery) =>
    trace(`failed after ${elapsed(query)}  ${describe(query)}`),
  )
}

interface TracedQuery {
  __knexUid: string
  sql: string
  bindings?: readonly unknown[]
}

function describe({ sql, bindings = [] }: TracedQuery): string {
  if (bindings.length === 0) return sql
  const shown = bindings.slice(0, mostBindings).map(shorten)
  if (bindings.length > shown.length) shown.push(`… ${bindings.length - shown.length} more`)
  return `${sql}  [${shown.join(', ')}]`
}

const transactionControl = /^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b/

const mostBindings = 10
const mostCharacters = 40

function shorten(binding: unknown): string {
  if (Buffer.isBuffer(binding)) return `<${binding.length} bytes>`
  const text = JSON.stringify(binding) ?? String(binding)
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text
}
