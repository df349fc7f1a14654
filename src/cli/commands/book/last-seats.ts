import { TicketsError } from '../../../shared/errors.js'
import type { Asking } from '../../../terminal/prompts/asking.js'

/**
 * Asks the clerk whether to give out wheelchair places and companions' seats. Resolves to false
 * without asking unless `error` is a refusal that they would mend. Throws what the prompts throw.
 */
export async function givesOutAccessible(asking: Asking, error: unknown): Promise<boolean> {
  if (!isMendedByAccessible(error)) return false
  const { accessibleLeft: left } = error
  const { askConfirm } = await import('../../../terminal/prompts/prompts.js')
  return askConfirm(asking, {
    message: `Too few other seats are free. Give out wheelchair and companion seats (${left} ${left === 1 ? 'is' : 'are'} left)?`,
    default: false,
  })
}

/** Is it a refusal because only wheelchair places and companions' seats are left? */
export function isMendedByAccessible(
  error: unknown,
): error is TicketsError & { accessibleLeft: number } {
  return error instanceof TicketsError && error.accessibleLeft !== undefined
}
