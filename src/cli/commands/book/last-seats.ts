import { TicketsError } from '../../../shared/errors.js'
import type { Asking } from '../../../terminal/prompts/asking.js'

/**
 * Asks the clerk whether to give out the wheelchair places and companions' seats that are left.
 * Throws what the prompts throw.
 */
export async function givesOutAccessible(
  asking: Asking,
  { accessibleLeft: left }: MendedByAccessible,
): Promise<boolean> {
  const { askConfirm } = await import('../../../terminal/prompts/prompts.js')
  return askConfirm(asking, {
    message: `Too few other seats are free. Use wheelchair and companion seats (${left} ${left === 1 ? 'is' : 'are'} left)?`,
    default: false,
  })
}

/** A refusal because only wheelchair places and companions' seats are left. */
type MendedByAccessible = TicketsError & { accessibleLeft: number }

export function isMendedByAccessible(error: unknown): error is MendedByAccessible {
  return error instanceof TicketsError && error.accessibleLeft !== undefined
}
