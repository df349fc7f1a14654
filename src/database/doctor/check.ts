import { TicketsError } from '../../shared/errors.js'

/** What one check found: `warning` can wait, `wrong` loses bookings or prevents them. */
export interface Finding {
  status: 'ok' | 'warning' | 'wrong' | 'skipped'
  /** A sentence for people; never includes a password. */
  message: string
  /** What to do; null if nothing. */
  advice: string | null
}

/** A finding with the name of its check. Each host of the settings has a check of the same name. */
export interface Check extends Finding {
  name: string
}

export const ok = (message: string): Finding => ({ status: 'ok', message, advice: null })

export const warning = (message: string, advice: string | null): Finding => {
  return { status: 'warning', message, advice }
}

export const wrong = (message: string, advice: string | null): Finding => {
  return { status: 'wrong', message, advice }
}

export const skipped = (reason: string): Finding => {
  return { status: 'skipped', message: `not checked: ${reason}`, advice: null }
}

/** The finding for an expected error. Throws bugs and INTERRUPTED. */
export function wrongBy(error: unknown): Finding {
  return wrong(...partsOf(error))
}

/** What an error says happened, and what it says to do. Throws bugs and INTERRUPTED. */
export function partsOf(error: unknown): [what: string, advice: string | null] {
  if (!(error instanceof TicketsError) || error.code === 'INTERRUPTED') throw error
  const [what = '', ...rest] = error.message.split(/(?<=\.) (?=[A-Z(])/)
  return [what, rest.join(' ') || null]
}
