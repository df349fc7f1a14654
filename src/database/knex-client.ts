import type { Socket } from 'node:net'
import type { Knex } from 'knex'
import PgTransaction from 'knex/lib/dialects/postgres/execution/pg-transaction.js'
import PostgresClient, { type Statement } from 'knex/lib/dialects/postgres/index.js'
import type pg from 'pg'
import { beginSql, type SessionSettings } from './begin.js'

declare module 'knex' {
  namespace Knex {
    interface TransactionConfig {
      /** Makes the changes, in place of the session's operator. */
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
    }
  }
}

export interface KnexClientOptions {
  /** The settings of every transaction. */
  session: SessionSettings
  connect(): Promise<pg.Client>
}

const LONG_STATEMENT_MS = 10 * 60_000
/** How much longer than the server's own statement timeout its answer may take to arrive. */
const ANSWER_GRACE_MS = 2000

/**
 * Makes Knex's client for this program. Every statement, even a single one, runs in a transaction
 * that begins with the program's settings (see `beginSql`), so that no pooler can change them. A
 * connection whose statement gets no answer is closed soon after the server's own time limit.
 */
export function knexClient({ session, connect }: KnexClientOptions): typeof Knex.Client {
  const longSession = { ...session, statementTimeoutMs: LONG_STATEMENT_MS }
  const beginAlone = beginSql(session)
  /** How many milliseconds a statement of the connection's transaction may take. */
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
      // Knex's types require a Knex.Transaction, which is what the container gets.
      return new ProgramTransaction(this, container, config ?? {}, outer) as never
    }

    override acquireRawConnection(): Promise<pg.Client> {
      return connect()
    }

    /**
     * If COMMIT or ROLLBACK itself fails, for instance because it is cancelled, the transaction is
     * still open.
     */
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
     * Sends BEGIN, the statement and COMMIT at once, so that the transaction costs no extra round
     * trip. Not a private method, because Knex derives clients from this one that would lack it.
     */
    async _queryAlone(connection: pg.Client, statement: Statement): Promise<Statement> {
      const begun = connection.query(beginAlone)
      const answer = super._query(connection, statement)
      const ended = connection.query('COMMIT')
      const all = Promise.allSettled([begun, answer, ended])
      await untilAnswered(connection, session.statementTimeoutMs, all)
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
  const cut = () => {
    // Reads what has arrived first: this process itself may have been suspended.
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

/** Has the shape of the network's own timeout, which comes only after minutes. */
function noAnswer(limitMs: number): Error {
  return Object.assign(new Error(`no answer within ${limitMs + ANSWER_GRACE_MS} ms`), {
    code: 'ETIMEDOUT',
  })
}
