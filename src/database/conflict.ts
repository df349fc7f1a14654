/**
 * Another process changed the same rows in the meantime. Nothing of the transaction may stand;
 * `withRetry` runs it again, as it does after a serialization failure of PostgreSQL's own.
 */
export class ConflictError extends Error {
  override readonly name = 'ConflictError'
}
