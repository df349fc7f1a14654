import type { DatabaseTarget } from '../settings/target.js'
import { type Finding, ok, warning } from './check.js'

interface SettingsContext {
  env: Record<string, string | undefined>
  /** The schema that TICKETS_SCHEMA names. */
  schema: string | undefined
}

/** Names the database, and where each setting comes from: 'DATABASE_URL: host, user; …'. */
export function describeSettings(
  target: DatabaseTarget,
  { env, schema }: SettingsContext,
): Finding {
  const byOrigin = new Map<string, string[]>()
  for (const [setting, origin] of Object.entries(originsOf(target, env))) {
    byOrigin.set(origin, [...(byOrigin.get(origin) ?? []), setting])
  }
  if (schema !== undefined) byOrigin.set('TICKETS_SCHEMA', ['schema'])
  const origins = Array.from(byOrigin, ([origin, settings]) => `${origin}: ${settings.join(', ')}`)
  const shown = `${target.name} (${origins.join('; ')})`
  const { withoutEffect = [] } = target
  return withoutEffect.length === 0
    ? ok(shown)
    : warning(`${shown}; without effect: ${withoutEffect.join(', ')}`, 'Remove them.')
}

function originsOf(
  target: DatabaseTarget,
  env: SettingsContext['env'],
): Readonly<Record<string, string>> {
  const { kind, source, origins = {} } = target
  if (kind === 'embedded') {
    return {
      database: source === 'embedded' ? 'default' : source,
      'data directory': env.TICKETS_DATA_DIR ? 'TICKETS_DATA_DIR' : 'default',
    }
  }
  const usual = ['host', 'port', 'dbname', 'user', 'sslmode'].map((name) => [name, 'default'])
  const given = Object.entries(origins).map(([name, origin]) => [
    name,
    // A variable of a `.env` file has the name of one of the environment.
    source === '.env' && !env[origin] ? '.env' : origin,
  ])
  return {
    ...Object.fromEntries(usual),
    ...(origins.password === undefined && hasPassword(target) && { password: 'password file' }),
    ...Object.fromEntries(given),
  }
}

function hasPassword({ connection: { password } }: DatabaseTarget): boolean {
  try {
    return typeof password === 'function' && Boolean(password())
  } catch {
    return false
  }
}
