import type { ApiToken, TokenRole } from '../../../client/api.js'
import { tokenRoles } from '../../../client/api.js'
import { invalidInput } from '../../../shared/errors.js'
import { safeText } from '../../../shared/safe-text.js'
import { formatMinute } from '../../../shared/time/format-time.js'
import { writeList } from '../../../terminal/render/list.js'
import type { Column } from '../../../terminal/render/table.js'
import { printCommitted } from '../../committed.js'
import { type Handler, inputRequired } from '../../context.js'

export interface TokenCreateOptions {
  name?: string
  role?: string
}

/** `tickets token create`: prints the token this once, as only its hash is kept. */
export const create: Handler<TokenCreateOptions> = async ({ output, tickets }, options) => {
  const { name, role } = options
  if (name === undefined || role === undefined) {
    throw inputRequired(name === undefined && '--name', role === undefined && '--role')
  }
  const { token, text } = await tickets.createToken({ name, role: parseRole(role) })
  await printCommitted(
    output,
    () => `The token ${token.id} was created. If its text was not printed, revoke it.`,
    () =>
      output.json
        ? output.document({ ...tokenJson(token), token: text })
        : output.write(`${text}\n`),
  )
  if (!output.json)
    output.hint('Save the token now: it is not shown again. `tickets token revoke` revokes it.')
}

/** `tickets token list`: all tokens, the revoked ones too. */
export const list: Handler = async ({ output, tickets }) => {
  const tokens = await tickets.listTokens()
  const rows = (async function* () {
    yield* tokens
  })()
  const ifEmpty =
    'There are no tokens yet. Create one: tickets token create --name NAME --role admin'
  await writeList(output, { columns, toJson: tokenJson, ifEmpty }, rows)
}

/** `tickets token revoke ID`: every server refuses the token from its next request. */
export const revoke: Handler<object, [string]> = async ({ output, tickets }, _options, id) => {
  const token = await tickets.revokeToken(id)
  await printCommitted(
    output,
    () => `The token ${token.id} is revoked.`,
    () =>
      output.json
        ? output.document(tokenJson(token))
        : output.write(`revoked ${token.id} (${safeText(token.name)})\n`),
  )
}

const columns: Column<ApiToken>[] = [
  { title: 'ID', field: 'id', cell: (token) => token.id },
  { title: 'NAME', field: 'name', cell: (token) => token.name, weight: 1 },
  { title: 'ROLE', field: 'role', cell: (token) => token.role },
  time('MADE', 'created_at', (token) => token.createdAt),
  time('REVOKED', 'revoked_at', (token) => token.revokedAt),
]

function time(
  title: string,
  field: string,
  of: (token: ApiToken) => Date | null,
): Column<ApiToken> {
  const inMinutes = (moment: Date | null) => (moment ? `${formatMinute(moment, 'UTC')} UTC` : '')
  return {
    title,
    field,
    cell: (token) => inMinutes(of(token)),
    value: (token) => of(token)?.toISOString() ?? '',
  }
}

function tokenJson({ id, name, role, createdAt, revokedAt }: ApiToken) {
  return {
    id,
    name,
    role,
    created_at: createdAt.toISOString(),
    revoked_at: revokedAt?.toISOString() ?? null,
  }
}

function parseRole(text: string): TokenRole {
  const role = tokenRoles.find((known) => known === text)
  if (role !== undefined) return role
  throw invalidInput(`--role must be one of ${tokenRoles.join(', ')}.`)
}
