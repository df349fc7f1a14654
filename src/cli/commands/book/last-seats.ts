import { TicketsError } from '../../../shared/errors.js'
import type { Asking } from '../../../terminal/prompts/asking.js'

/**
 * Asks the clerk whether to use the wheelchair places and companion seats that are left.
 * Throws what the prompts throw.
 */
export async function askToUseAccessible(
  asking: Asking,
  { accessibleLeft: left }: AccessibleLeft,
): Promise<boolean> {
  const { askConfirm } = await import('../../../terminal/prompts/prompts.js')
  return askConfirm(asking, {
    message: `Too few other seats are free. Use wheelchair or companion seats (${left} left)?`,
    default: false,
  })
}

/** The error, with the option that uses the wheelchair places and companion seats that are left. */
export function namingOption<Given>(error: Given): Given | TicketsError {
  if (!hasAccessibleLeft(error)) return error
  const message = `${error.message} Add --include-accessible to book them too.`
  return new TicketsError(error.code, message, error)
}

/** A refusal because only wheelchair places and companion seats are left. */
type AccessibleLeft = TicketsError & { accessibleLeft: number }

export function hasAccessibleLeft(error: unknown): error is AccessibleLeft {
  return error instanceof TicketsError && error.accessibleLeft !== undefined
}
