import type { Knex } from 'knex'

/**
 * Passes every statement of `db` to `trace`: `1.3 ms  select … where "id" = $1  ["3f2a…"]`, or
 * `failed after …`. Bindings are shortened; they only need to be recognisable.
 */
export function traceQueries(db: Knex, trace: (line: string) => void): void {
  const sentAt = new Map<string, number>()
  const answeredAt = new Map<string, number>()
  // The server starts a statement once it has answered the previous one on the connection.
  const elapsed = ({ __knexUid, __knexQueryUid }: TracedQuery) => {
    const now = performance.now()
    const begun = Math.max(sentAt.get(__knexQueryUid) ?? now, answeredAt.get(__knexUid) ?? 0)
    sentAt.delete(__knexQueryUid)
    answeredAt.set(__knexUid, now)
    return `${(now - begun).toFixed(1)} ms`
  }

  db.on('query', (query: TracedQuery) => {
    // Knex announces the start of these, but never their end.
    if (transactionControl.test(query.sql)) trace(query.sql)
    else sentAt.set(query.__knexQueryUid, performance.now())
  })
  db.on('query-response', (_response: unknown, query: TracedQuery) =>
    trace(`${elapsed(query)}  ${describe(query)}`),
  )
  db.on('query-error', (_error: unknown, query: TracedQuery) =>
    trace(`failed after ${elapsed(query)}  ${describe(query)}`),
  )
}

interface TracedQuery {
  /** Identifies the connection. */
  __knexUid: string
  /** Identifies the statement. */
  __knexQueryUid: string
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
