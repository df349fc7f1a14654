import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The program's own file, found by its package: this code may be in a bundle or not. */
export function programFile(): string {
  return join(
    dirname(createRequire(import.meta.url).resolve('tickets-box-office/package.json')),
    'bin/tickets.js',
  )
}
