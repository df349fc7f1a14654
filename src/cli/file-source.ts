import { open } from 'node:fs/promises'
import { addAbortSignal, type Readable } from 'node:stream'
import { TicketsError } from '../shared/errors.js'
import { quote } from '../shared/quote.js'
import type { Io } from '../terminal/io.js'
import { fileFailure } from './file-failure.js'

/** Where a file is read from. */
export interface Source {
  chunks: AsyncIterable<Uint8Array>
  /** Bytes; undefined for a pipe. */
  size: number | undefined
}

/**
 * Opens a file, or stdin for '-'. Its chunks end early, quietly, when `signal` is aborted. Throws
 * INVALID_INPUT for what cannot be read.
 */
export async function openSource(file: string, io: Io, signal: AbortSignal): Promise<Source> {
  if (file === '-') return { chunks: readUntil(signal, io.stdin, 'stdin'), size: undefined }
  try {
    const handle = await open(file)
    const stats = await handle.stat()
    if (stats.isDirectory()) {
      await handle.close()
      throw new TicketsError('INVALID_INPUT', `${quote(file)} is a directory. Name a file.`)
    }
    const size = stats.isFile() ? stats.size : undefined
    return { chunks: readUntil(signal, handle.createReadStream(), quote(file)), size }
  } catch (error) {
    throw fileFailure(error, { name: quote(file), verb: 'read' })
  }
}

function readUntil(signal: AbortSignal, stream: Readable, name: string): AsyncIterable<Uint8Array> {
  // The reader gets an error from the stream. Before it reads, the only error is that of the abort.
  return chunksOf(
    signal,
    addAbortSignal(signal, stream).on('error', () => {}),
    name,
  )
}

async function* chunksOf(
  signal: AbortSignal,
  stream: Readable,
  name: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* stream
  } catch (error) {
    if (!signal.aborted) throw fileFailure(error, { name, verb: 'read' })
  }
}
