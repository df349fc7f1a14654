import type pg from 'pg'
import { TicketsError } from '../../shared/errors.js'
import type { DatabaseTarget, SessionAttrs } from '../settings/target.js'

/** What keeps a server from writing, if anything. */
export interface Writability {
  isStandby: boolean
  isReadOnly: boolean
}

/** The server does not fit `target_session_attrs`. */
export class UnfitServerError extends Error {
  override readonly name = 'UnfitServerError'
  constructor(readonly server: Writability) {
    super('the server does not fit target_session_attrs')
  }
}

export interface HostFailure {
  host: pg.ClientConfig
  error: unknown
}

/** Several hosts were tried, and none could be used. */
export class NoHostError extends AggregateError {
  override readonly name = 'NoHostError'
  constructor(readonly failures: readonly HostFailure[]) {
    super(
      failures.map(({ error }) => error),
      'none of the hosts can be used',
    )
  }
}

/** The oldest major version of PostgreSQL that the program works with. */
export const OLDEST_SERVER = 14

/** What a server reports of itself: at login, without a round trip, and when it changes. */
export class ServerState {
  readonly #client: pg.Client
  readonly #reported = new Map<string, string>()

  constructor(client: pg.Client) {
    this.#client = client
    client.connection.on('parameterStatus', ({ parameterName, parameterValue }: Reported) => {
      this.#reported.set(parameterName, parameterValue)
    })
  }

  /** False only if the server says so: a pooler may pass on nothing. */
  get canWrite(): boolean {
    const { isStandby, isReadOnly } = this.#writability
    return !isStandby && !isReadOnly
  }

  get #writability(): Writability {
    return {
      isStandby: this.#reported.get('in_hot_standby') === 'on',
      isReadOnly: this.#reported.get('default_transaction_read_only') === 'on',
    }
  }

  /**
   * Throws UnfitServerError if the server is not of the kind that `wanted` names, and NOT_MIGRATED
   * for a PostgreSQL that is too old.
   */
  async requireFit({ name }: DatabaseTarget, wanted: SessionAttrs): Promise<void> {
    const version = this.#reported.get('server_version') ?? ''
    if (Number.parseInt(version, 10) < OLDEST_SERVER) {
      throw new TicketsError(
        'NOT_MIGRATED',
        `The ${name} is PostgreSQL ${/^[\d.]*/.exec(version)}, and tickets needs version ${OLDEST_SERVER} or later. Upgrade the server, or name another one.`,
      )
    }
    if (wanted === 'any') return
    const isReported = this.#reported.has('in_hot_standby')
    const state = isReported ? this.#writability : await this.#ask()
    if (!fits(wanted, state)) throw new UnfitServerError(state)
  }

  /** A pooler may pass on the answer to this, and not what the server reports by itself. */
  async #ask(): Promise<Writability> {
    const { rows } = await this.#client.query(
      `select pg_catalog.pg_is_in_recovery() as "isStandby",
              pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool as "isReadOnly"`,
    )
    return rows[0]
  }

  /** Marks an error of a standby; `translateFailure` then says that the server is one. */
  markStandbyRefusal(error: unknown): void {
    if (this.#writability.isStandby) Object.assign(error as Error, { isOfStandby: true })
  }
}

interface Reported {
  parameterName: string
  parameterValue: string
}

/** https://www.postgresql.org/docs/current/libpq-connect.html, "target_session_attrs". */
function fits(wanted: SessionAttrs, { isStandby, isReadOnly }: Writability): boolean {
  if (wanted === 'read-write') return !isStandby && !isReadOnly
  if (wanted === 'read-only') return isStandby || isReadOnly
  if (wanted === 'primary') return !isStandby
  if (wanted === 'standby') return isStandby
  return true
}
