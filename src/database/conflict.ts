/**
 * Another process changed the same rows. The transaction must be rolled back; `withRetry` runs it
 * again, as it does after a serialization failure.
 */
export class ConflictError extends Error {
  override readonly name = 'ConflictError'
}
