import { link, lstat, open, rename, rm } from 'node:fs/promises'
import { pid } from 'node:process'
import packageJson from '../../../../package.json' with { type: 'json' }
import { invalidInput, type TicketsError } from '../../../shared/errors.js'
import { formatCount } from '../../../shared/numbers.js'
import { quote } from '../../../shared/quote.js'
import { safeText } from '../../../shared/safe-text.js'
import type { Context, Handler } from '../../context.js'
import { fileFailure } from '../../files.js'

/** `tickets db backup [FILE]`: prints the name of the file. */
export const run: Handler<object, [string | undefined]> = async (context, _, named) => {
  const { output, tickets } = context
  const { stdout } = output.io
  if (named === '-' && (output.json || output.isTerminal)) {
    throw invalidInput(
      "With '-', the backup goes to stdout: redirect it to a file or a pipe, and leave out --json.",
    )
  }
  context.nameDatabase(tickets)
  if (named === '-') {
    const write = (chunk: Uint8Array) =>
      new Promise<void>((resolve, reject) => {
        stdout.write(chunk, (error) => (error ? reject(error) : resolve()))
      })
    const { rows } = await backUp(context, 'stdout', write)
    return output.hint(`Backed up ${inWords(rows)}.`)
  }
  const file = named ?? `tickets-${new Date().toISOString().replace(/:|\.\d+/g, '')}.backup.gz`
  const { rows, bytes } = await writeNewFile(file, (write) => backUp(context, quote(file), write))
  if (output.json) return output.document({ file, bytes, rows })
  await output.write(`${safeText(file)}\n`)
  output.hint(`Backed up ${inWords(rows)}.`)
}

/** The shows and bookings among the rows of a backup: '1 show and 300 bookings'. */
export function inWords({ shows = 0, bookings = 0 }: Partial<Record<string, number>>): string {
  return `${formatCount(shows, 'show')} and ${formatCount(bookings, 'booking')}`
}

type Write = (chunk: Uint8Array) => Promise<void>

async function backUp({ tickets }: Context, name: string, write: Write) {
  let bytes = 0
  const rows = await tickets.backUp(packageJson.version, async (packed) => {
    for await (const chunk of packed) {
      // Translated here, where a lost database cannot be mistaken for a full disk.
      await write(chunk).catch((error) => {
        throw fileFailure(error, { name, verb: 'written' })
      })
      bytes += chunk.length
    }
  })
  return { rows, bytes }
}

/**
 * Writes a file that only its owner can read, because customers and hashes of tokens are in it. It
 * gets its name when it is whole, and never takes the place of another file. Throws INVALID_INPUT.
 */
async function writeNewFile<T>(file: string, work: (write: Write) => Promise<T>): Promise<T> {
  const begun = `${file}.${pid}.part`
  try {
    if (await lstat(file).catch(() => undefined)) throw exists(file)
    const handle = await open(begun, 'wx', 0o600)
    try {
      const result = await work((chunk) => handle.appendFile(chunk))
      await handle.sync()
      await nameIt(begun, file)
      return result
    } finally {
      await handle.close()
      await rm(begun, { force: true })
    }
  } catch (error) {
    throw fileFailure(error, { name: quote(file), verb: 'written' })
  }
}

/** A link does not replace a file as a rename does, but not every disk has links. */
async function nameIt(begun: string, file: string): Promise<void> {
  await link(begun, file).catch((error) => {
    if (error.code === 'EEXIST') throw exists(file)
    return rename(begun, file)
  })
}

function exists(file: string): TicketsError {
  return invalidInput(
    `${quote(file)} already exists, and a backup never overwrites a file. Choose another name.`,
  )
}
