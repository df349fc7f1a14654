// Windows reports EOF for EPIPE. A stream that one of the first three destroys reports the last.
const goneCodes = new Set(['EPIPE', 'EOF', 'ECONNRESET', 'ERR_STREAM_DESTROYED'])

/** Did a write fail because the reader has gone (`| head`)? That is not an error. */
export function isReaderGone(error: unknown): boolean {
  return goneCodes.has((error as NodeJS.ErrnoException | null)?.code ?? '')
}
