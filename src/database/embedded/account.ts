import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { ownDatabase, unreachable } from './failures.js'
import { isRoot, serverGroup } from './layout.js'

/** Who runs the server, and who may log in to it. */
export interface Account {
  /** The operating system's name of the caller: the only one who may connect. */
  owner: string
  /** What to spawn PostgreSQL's programs as; undefined: as the caller. */
  ids: { uid: number; gid: number } | undefined
}

/**
 * PostgreSQL refuses to run as root, so root's server runs as `postgres`, else as `nobody`.
 * Throws DB_UNREACHABLE where there is no account for it.
 */
export async function serverAccount(): Promise<Account> {
  const owner = ownName()
  if (!isRoot()) return { owner, ids: undefined }
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const uid = ['postgres', '_postgres', 'nobody']
    .map((name) => new RegExp(`^${name}:[^:]*:(-?\\d+):`, 'm').exec(passwd)?.[1])
    .find((found) => found !== undefined)
  if (uid === undefined) {
    throw unreachable(
      `PostgreSQL refuses to run as root, and this system has no user "postgres" or "nobody". ${ownDatabase}`,
    )
  }
  return { owner, ids: { uid: Number(uid), gid: serverGroup } }
}

function ownName(): string {
  try {
    return userInfo().username
  } catch (error) {
    throw unreachable(
      `Your user id has no name on this system, and PostgreSQL needs one. ${ownDatabase}`,
      error,
    )
  }
}
