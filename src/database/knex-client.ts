import type { Socket } from 'node:net'
import type { Knex } from 'knex'
import PgTransaction from 'knex/lib/dialects/postgres/execution/pg-transaction.js'
import PostgresClient, { type Statement } from 'knex/lib/dialects/postgres/index.js'
import type pg from 'pg'
import { beginSql, type SessionSettings } from './begin.js'

declare module 'knex' {
  namespace Knex {
    interface TransactionConfig {
      /** Makes the changes in place of the session's operator. */
      operator?: string | undefined
      /**
       * The first statements follow BEGIN without waiting for its answer, which saves a round trip.
       * Should BEGIN fail, Knex takes the transaction for completed and lets no further statement
       * through, but those already sent run outside of any transaction. So they must do no harm by
       * themselves: a lock does none, an insert would stay.
       */
      isEager?: boolean
      /** A statement may take minutes: it reads, or rewrites, whole tables. */
      isLong?: boolean
    }
  }
}

export interface KnexClientOptions {
  /** In force in every transaction. */
  session: SessionSettings
  connect(): Promise<pg.Client>
}

const LONG_STATEMENT_MS = 10 * 60_000
/** How much longer than the server's own time limit its answer may take to arrive. */
const ANSWER_GRACE_MS = 2000

/**
 * Makes Knex's client for this program. Every statement runs in a transaction that begins with the
 * program's settings, a statement by itself included, so that these are in force whatever stands
 * between here and the server; `beginSql` says which. A statement without an answer loses its
 * connection soon after the server's own time limit is over.
 */
export function knexClient({ session, connect }: KnexClientOptions): typeof Knex.Client {
  const longSession = { ...session, statementTimeoutMs: LONG_STATEMENT_MS }
  const beginAlone = beginSql(session)
  /** Milliseconds that a statement of the connection's transaction may take. */
  const limits = new WeakMap<pg.Client, number>()

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
      const { isolationLevel, readOnly, operator, isEager, isLong } = this.#config
      const settings = isLong ? longSession : session
      limits.set(connection, settings.statementTimeoutMs)
      const begun = this.query(
        connection,
        beginSql(settings, { isolationLevel, readOnly, operator }),
      )
      return isEager ? Promise.resolve() : begun
    }
  }

  return class ProgramClient extends PostgresClient {
    override transaction(container: unknown, config: Knex.TransactionConfig, outer: unknown) {
      // Knex's types call it a Knex.Transaction, which is what the container gets.
      return new ProgramTransaction(this, container, config ?? {}, outer) as never
    }

    override acquireRawConnection(): Promise<pg.Client> {
      return connect()
    }

    /** Should COMMIT or ROLLBACK itself fail, as when it is cancelled, the transaction goes on. */
    override async validateConnection(connection: pg.Client): Promise<boolean> {
      return connection.getTransactionStatus() === 'I'
    }

    override _query(connection: pg.Client, statement: Statement): Promise<Statement> {
      if (!this.transacting) return this._queryAlone(connection, statement)
      const isEnd = statement.sql === 'COMMIT;' || statement.sql === 'ROLLBACK'
      const limitMs = isEnd ? session.statementTimeoutMs : limits.get(connection)
      return untilAnswered(connection, limitMs!, super._query(connection, statement))
    }

    /**
     * All three are sent at once: what is around the statement costs no round trip. Not a private
     * method: Knex derives other clients from this one, which would not have it.
     */
    async _queryAlone(connection: pg.Client, statement: Statement): Promise<Statement> {
      const begun = connection.query(beginAlone)
      const answer = super._query(connection, statement)
      const ended = connection.query('COMMIT')
      const all = Promise.allSettled([begun, answer, ended])
      await untilAnswered(connection, session.statementTimeoutMs, all)
      // The first failure is the cause of those behind it.
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
  const cut = () => {
    // Not before a look at what has come: this process, too, may not have run for long.
    const { bytesRead } = stream
    setImmediate(() => {
      if (stream.bytesRead === bytesRead) stream.destroy(noAnswer(limitMs))
    })
  }
  const timer = setTimeout(cut, limitMs + ANSWER_GRACE_MS)
  try {
    return await answer
  } finally {
    clearTimeout(timer)
  }
}

/** In the shape of the network's own time-out, which comes only after minutes. */
function noAnswer(limitMs: number): Error {
  return Object.assign(new Error(`no answer within ${limitMs + ANSWER_GRACE_MS} ms`), {
    code: 'ETIMEDOUT',
  })
}
