import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The program's main file, found through its package, because this code may be in a bundle. */
export function programFile(): string {
  return join(
    dirname(createRequire(import.meta.url).resolve('tickets-box-office/package.json')),
    'bin/tickets.js',
  )
}
