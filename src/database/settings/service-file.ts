import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { invalidInput } from '../../shared/errors.js'
import { escapeControls, quote } from '../../shared/quote.js'
import { addParameter, type Parameters, type Variables } from './parameters.js'

/**
 * Reads a service's parameters from `PGSERVICEFILE` or `~/.pg_service.conf`, or else from
 * `pg_service.conf` in `PGSYSCONFDIR`.
 *
 * Throws INVALID_INPUT if no file defines the service.
 */
export function readService(
  name: string,
  { env, cwd, homeDir, source }: { env: Variables; cwd: string; homeDir: string; source: string },
): Parameters {
  const files = [env.PGSERVICEFILE || join(homeDir, '.pg_service.conf')]
  if (env.PGSYSCONFDIR) files.push(join(env.PGSYSCONFDIR, 'pg_service.conf'))
  for (const file of files) {
    const parameters = findService(readIfThere(resolve(cwd, file)), name, file)
    if (parameters !== undefined) return parameters
  }
  throw invalidInput(
    `There is no service ${quote(name)} (${source}) in ${escapeControls(files.join(' or '))}.`,
  )
}

/** Reads one `[name]` section of `parameter=value` lines. */
function findService(text: string, name: string, file: string): Parameters | undefined {
  let parameters: Parameters | undefined
  for (const line of text.split(/\r?\n/).map((each) => each.trim())) {
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('[')) {
      if (parameters !== undefined) return parameters
      if (line === `[${name}]`) parameters = {}
    } else if (parameters !== undefined) {
      const [parameter = '', ...value] = line.split('=')
      addParameter(parameters, parameter.trim(), value.join('=').trim(), `${file} [${name}]`)
    }
  }
  return parameters
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw invalidInput(`Cannot read the service file ${escapeControls(file)}.`, {
      cause,
    })
  }
}
