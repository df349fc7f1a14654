import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { ownDatabase, unreachable } from './failures.js'
import { isRoot, serverGroup } from './paths.js'

/** The user that the embedded server runs as, and the user that may log in to it. */
export interface ServerUsers {
  /** The caller's name in the operating system; only this user may connect. */
  owner: string
  /** The user that runs PostgreSQL's programs; undefined: the caller. */
  server: { uid: number; gid: number } | undefined
}

/**
 * PostgreSQL refuses to run as root, so root's server runs as `postgres`, or as `nobody` if there
 * is no such user. Throws DB_UNREACHABLE if the system has neither.
 */
export async function serverUsers(): Promise<ServerUsers> {
  const owner = ownName()
  if (!isRoot()) return { owner, server: undefined }
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const uid = ['postgres', '_postgres', 'nobody']
    .map((name) => new RegExp(`^${name}:[^:]*:(-?\\d+):`, 'm').exec(passwd)?.[1])
    .find((found) => found !== undefined)
  if (uid === undefined) {
    throw unreachable(
      `PostgreSQL refuses to run as root, and this system has no user "postgres" or "nobody". ${ownDatabase}`,
    )
  }
  return { owner, server: { uid: Number(uid), gid: serverGroup } }
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
