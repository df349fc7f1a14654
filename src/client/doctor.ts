import type { Check } from '../database/doctor/check.js'
import { embeddedDataDir } from '../database/embedded/location.js'
import type { TicketsOptions } from './api.js'
import { schemaOf, targetOf } from './target.js'

export { type Check, type Finding, ok, skipped, warning, wrong } from '../database/doctor/check.js'

/** Checks the database that the options choose, for `tickets doctor`; see `examine`. */
export async function examineDatabase(
  options: TicketsOptions & { waitMs: number },
): Promise<Check[]> {
  const { env = process.env, cwd, waitMs, signal } = options
  const { examine } = await import('../database/doctor/examine.js')
  return examine({
    findTarget: () => targetOf(options),
    dataDir: embeddedDataDir(env, cwd),
    schema: schemaOf(options),
    ...{ env, waitMs, signal },
  })
}
