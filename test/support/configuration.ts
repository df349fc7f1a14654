import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { project } from './documents.js'
import { filesOf } from './examples.js'

/**
 * A configuration file from docs/operations.md, with the addresses and paths of a test instead of
 * those in the document. Throws if the document lacks one of those.
 */
export async function configuration(
  name: string,
  replacements: Readonly<Record<string, string | number>>,
): Promise<string> {
  const document = await readFile(join(project, 'docs/operations.md'), 'utf8')
  let text = filesOf(document).get(name)
  if (text === undefined) throw new Error(`docs/operations.md shows no ${name}.`)
  for (const [documented, own] of Object.entries(replacements)) {
    if (!text.includes(documented)) throw new Error(`${name} has no '${documented}'.`)
    text = text.replaceAll(documented, String(own))
  }
  return text
}
