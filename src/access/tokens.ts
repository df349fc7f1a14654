import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Knex } from 'knex'
import type { Database } from '../database/knex-pool.js'
import { withRetry } from '../database/retry.js'
import { query } from '../database/sql.js'
import { change, changeInDoubt } from '../database/transaction.js'
import { invalidInput, type TicketsError } from '../shared/errors.js'
import { quote } from '../shared/quote.js'
import { checkText } from '../shared/text-input.js'

/** The roles of tokens; each includes the rights of those after it. */
export const tokenRoles = ['admin', 'box-office', 'read'] as const

export type TokenRole = (typeof tokenRoles)[number]

/** A token without its secret, which only its bearer knows. */
export interface ApiToken {
  /** Twelve hexadecimal digits; the public part of the token. */
  id: string
  /** The token's owner or purpose. */
  name: string
  role: TokenRole
  createdAt: Date
  revokedAt: Date | null
}

/**
 * Creates a token. Returns its text, 'tkt_<id>_<secret>', which is not stored anywhere. Throws
 * INVALID_INPUT.
 */
export async function createToken(
  db: Database,
  { name, role }: Pick<ApiToken, 'name' | 'role'>,
): Promise<{ token: ApiToken; text: string }> {
  checkText('name of the token', name, 100)
  const id = randomBytes(6).toString('hex')
  const secret = randomBytes(32).toString('base64url')
  return change(
    db,
    async (trx) => {
      await trx('api_tokens')
        .insert({ id, name, role, secret_hash: hashOf(secret) })
        .onConflict('id')
        // Writes it even if a try before has: only then does COMMIT wait for the standby.
        .merge(['id'])
      const row = await tokenRow(trx, id)
      return { token: toToken(row!), text: `tkt_${id}_${secret}` }
    },
    changeInDoubt('tickets token list', { isRepeatable: false }),
  )
}

/** Returns all tokens, including revoked ones, the oldest first. */
export async function listTokens(db: Database): Promise<ApiToken[]> {
  const rows = await withRetry(db, () =>
    db.knex<TokenRow>('api_tokens').select('*').orderBy(['created_at', 'id']),
  )
  return rows.map((row) => toToken(row as TokenRow))
}

/** Revokes a token permanently; repeatable. Throws INVALID_INPUT for an unknown id. */
export async function revokeToken(db: Database, id: string): Promise<ApiToken> {
  return change(
    db,
    async (trx) => {
      await trx('api_tokens')
        .where({ id: checkId(id) })
        .update({ revoked_at: trx.raw('coalesce(revoked_at, clock_timestamp())') })
      const row = await tokenRow(trx, id)
      if (row === undefined) throw noSuchToken(id)
      return toToken(row)
    },
    changeInDoubt('tickets token list'),
  )
}

/**
 * Returns the token with this text; undefined if it is unknown, wrong or revoked. Compares secrets
 * in constant time.
 */
export async function findToken(db: Database, text: string): Promise<ApiToken | undefined> {
  const [, id, secret] = TOKEN.exec(text) ?? []
  if (id === undefined || secret === undefined) return undefined
  const row = await withRetry(db, () => tokenRow(db.knex, id))
  if (row === undefined || row.revoked_at !== null) return undefined
  return timingSafeEqual(row.secret_hash, hashOf(secret)) ? toToken(row) : undefined
}

const TOKEN = /^tkt_([0-9a-f]{12})_([\w-]{43})$/

interface TokenRow {
  id: string
  name: string
  role: TokenRole
  secret_hash: Buffer
  created_at: Date
  revoked_at: Date | null
}

/** A prepared statement, because a server runs it before nearly every request. */
async function tokenRow(knex: Knex, id: string): Promise<TokenRow | undefined> {
  const [row] = await query<TokenRow>(
    knex,
    'select id, name, role, secret_hash, created_at, revoked_at from api_tokens where id = ?',
    [id],
    'token_row',
  )
  return row
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

function checkId(id: string): string {
  if (/^[0-9a-f]{12}$/.test(id)) return id
  throw noSuchToken(id)
}

function noSuchToken(id: string): TicketsError {
  return invalidInput(`There is no token ${quote(id)}. \`tickets token list\` shows them all.`)
}

function toToken(row: TokenRow): ApiToken {
  const { id, name, role, created_at: createdAt, revoked_at: revokedAt } = row
  return { id, name, role, createdAt, revokedAt }
}
