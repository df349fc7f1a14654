import type { Socket } from 'node:net'
import type { Knex } from 'knex'
import PgTransaction from 'knex/lib/dialects/postgres/execution/pg-transaction.js'
import PostgresClient, { type Statement } from 'knex/lib/dialects/postgres/index.js'
import type pg from 'pg'
import { ANSWER_GRACE_MS, afterMs, type Deadline, noAnswer } from '../../shared/deadline.js'
import { TicketsError } from '../../shared/errors.js'
import { isPreparedStatementLost } from '../failures.js'
import { ANSWER_DELAY_MS, beginSql, type SessionSettings } from './begin.js'

declare module 'knex' {
  namespace Knex {
    interface TransactionConfig {
      /** Who makes the changes (default: the session's operator). */
      operator?: string | undefined
      /**
       * Sends the first statements right after BEGIN, without waiting for its result, which saves a
       * round trip. If BEGIN fails, Knex considers the transaction completed and refuses further
       * statements, but those already sent run outside any transaction. So they must be harmless on
       * their own: a lock is, an insert is not.
       */
      isEager?: boolean
      /** Allows a statement minutes, because it reads or rewrites whole tables. */
      isLong?: boolean
      /** When to stop waiting for locks (default: the session's wait, from BEGIN). */
      deadline?: Deadline | undefined
    }
  }
}

export interface KnexClientOptions {
  /** The settings of every transaction. */
  session: SessionSettings
  connect(): Promise<pg.Client>
}

const LONG_STATEMENT_MS = 10 * 60_000

/** How long a transaction may take. */
interface Limits {
  /** The deadline, by `performance.now()`. */
  end: number
  isLong: boolean
}

/**
 * Makes Knex's client for this program. Every statement, even a single one, runs in a transaction
 * that begins with the program's settings (see `beginSql`), so that no pooler can change them. A
 * connection whose statement gets no answer is closed when the deadline and the grace are over, and
 * so is one whose COMMIT gets none: the server itself has no time limit for COMMIT.
 */
export function knexClient({ session, connect }: KnexClientOptions): typeof Knex.Client {
  const { waitMs } = session
  const beginAlone = beginSql(session)
  /** The limits of the connection's transaction. */
  const limits = new WeakMap<pg.Client, Limits>()
  /** Whether a pooler has once lost a prepared statement: no statement is prepared from then on. */
  let prepareNothing = false

  class ProgramTransaction extends PgTransaction {
    readonly #config: Knex.TransactionConfig

    constructor(
      client: Knex.Client,
      container: unknown,
      config: Knex.TransactionConfig,
      outer: unknown,
    ) {
      super(client, container, config, outer)
      this.#config = config
    }

    override begin(connection: pg.Client): Promise<unknown> {
      const { isolationLevel, readOnly, operator, isEager, isLong = false } = this.#config
      const now = performance.now()
      const end = this.#config.deadline?.at ?? now + waitMs
      limits.set(connection, { end, isLong })
      const leftMs = Math.max(Math.round(end - now), 0)
      const begun = this.query(
        connection,
        beginSql(
          { ...session, waitMs: leftMs },
          { isolationLevel, readOnly, operator, ...(isLong && { limitMs: LONG_STATEMENT_MS }) },
        ),
      )
      return isEager ? Promise.resolve() : begun
    }
  }

  return class ProgramClient extends PostgresClient {
    override transaction(container: unknown, config: Knex.TransactionConfig, outer: unknown) {
      // Knex's types require a Knex.Transaction, which is what the container gets.
      return new ProgramTransaction(this, container, config ?? {}, outer) as never
    }

    override acquireRawConnection(): Promise<pg.Client> {
      return connect()
    }

    /**
     * If COMMIT or ROLLBACK itself fails, for instance because it is cancelled, the transaction is
     * still open, so the connection cannot be reused.
     */
    override async validateConnection(connection: pg.Client): Promise<boolean> {
      return connection.getTransactionStatus() === 'I'
    }

    override _query(connection: pg.Client, statement: Statement): Promise<Statement> {
      if (!this.transacting) return this._queryAlone(connection, statement)
      const isCommit = statement.sql === 'COMMIT;'
      const { end, isLong } = limits.get(connection)!
      const hasOwnLimit = isLong && !isCommit && statement.sql !== 'ROLLBACK'
      const leftMs = end - performance.now()
      // The deadline may be over when a long transaction commits; its COMMIT has the grace at least.
      const limitMs = hasOwnLimit
        ? LONG_STATEMENT_MS + ANSWER_DELAY_MS
        : (isLong ? Math.max(leftMs, 0) : leftMs) + ANSWER_GRACE_MS
      const answer = this._send(connection, statement)
      return untilAnswered(
        connection,
        limitMs,
        isCommit ? untilReplicated(connection, answer) : answer,
      )
    }

    /** Not #private: the clients that Knex derives from this one have no private members. */
    async _send(connection: pg.Client, statement: Statement): Promise<Statement> {
      if (prepareNothing) delete statement.options?.name
      try {
        return await super._query(connection, statement)
      } catch (error) {
        prepareNothing ||= isPreparedStatementLost(error)
        throw error
      }
    }

    /**
     * Sends BEGIN, the statement and COMMIT at once, so that the transaction costs no extra round
     * trip. Not a private method, for the reason that `_send` gives.
     */
    async _queryAlone(connection: pg.Client, statement: Statement): Promise<Statement> {
      const begun = connection.query(beginAlone)
      const answer = this._send(connection, statement)
      const ended = connection.query('COMMIT')
      const all = Promise.allSettled([begun, answer, ended])
      await untilAnswered(connection, waitMs + ANSWER_GRACE_MS, all)
      // The first failure is the cause of the later ones.
      await begun
      const answered = await answer
      await ended
      return answered
    }
  } as unknown as typeof Knex.Client
}

async function untilAnswered<T>(
  client: pg.Client,
  limitMs: number,
  answer: Promise<T>,
): Promise<T> {
  const stream = client.connection.stream as Socket
  let cancel = () => {}
  const cutAfter = (ms: number) => {
    const cut = (hasRead: boolean) => {
      // The rest of the answer may be on its way.
      if (hasRead) cutAfter(ANSWER_DELAY_MS)
      else stream.destroy(noAnswer())
    }
    cancel = afterMs(ms, cut, stream)
  }
  cutAfter(limitMs)
  try {
    return await answer
  } finally {
    cancel()
  }
}

/**
 * Rejects with IN_DOUBT if the server stopped waiting for its synchronous standby before it
 * answered COMMIT: the transaction is committed, but a failover may lose it. PostgreSQL reports
 * that only in a warning, whose text is translated.
 */
async function untilReplicated<T>(client: pg.Client, answer: Promise<T>): Promise<T> {
  let isReplicated = true
  const listen = (notice: { routine?: string | undefined }) => {
    if (notice.routine === 'SyncRepWaitForLSN') isReplicated = false
  }
  client.on('notice', listen)
  try {
    const answered = await answer
    if (isReplicated) return answered
  } finally {
    client.off('notice', listen)
  }
  throw new TicketsError(
    'IN_DOUBT',
    'COMMIT stopped waiting for the synchronous standby, so a failover may lose the change.',
  )
}
