import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { project } from './documents.js'
import { filesOf } from './examples.js'

/**
 * A configuration file as docs/operations.md shows it, with the addresses and paths of a test in
 * place of the document's. Throws if the document lacks one of those.
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
