// EOF is what Windows says for EPIPE; a stream destroyed by the first of these says the last.
const goneCodes = new Set(['EPIPE', 'EOF', 'ECONNRESET', 'ERR_STREAM_DESTROYED'])

/** Whether a write failed because nobody reads any more (`| head`), which is no failure. */
export function isReaderGone(error: unknown): boolean {
  return goneCodes.has((error as NodeJS.ErrnoException | null)?.code ?? '')
}
