import type pg from 'pg'
import type { SslMode } from './tls.js'

/** A database to connect to, with everything that is known before connecting. */
export interface DatabaseTarget {
  kind: 'embedded' | 'given'
  /** For node-postgres. A given database's password is a function: it is never printed by chance. */
  connection: pg.ClientConfig
  /** For people and errors: `database "x" on host:port as user`; never a password. */
  name: string
  /** Where the choice came from: `--db`, `DATABASE_URL`, `PGHOST, PGUSER`, `.env`, `embedded`. */
  source: string
  /** What libpq means by it; plain connections only when absent. `connection.ssl` has the rest. */
  sslMode?: SslMode | undefined
  /** `channel_binding=require`: no login without it. */
  channelBindingRequired?: boolean
  /** Called before each connection: throws when what is there is not to be connected to. */
  verify?: () => void
  /** Brings the embedded server up; absent for a given database. */
  revive?: () => Promise<void>
}

/** A database that the user named: with `--db`, a variable or a `.env` file. */
export type GivenTarget = DatabaseTarget & { kind: 'given' }
