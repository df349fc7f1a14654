import type { Socket } from 'node:net'

/**
 * Answers what is not HTTP, and what does not arrive in time, in the same shape as every error, and
 * closes the connection. It waits for nothing more from the client, who might never say goodbye.
 */
export function refuseBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, message] = refusals[error.code ?? ''] ?? notHttp
  const body = JSON.stringify({ error: { code: 'INVALID_INPUT', message, retryable: false } })
  socket.write(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
  socket.destroySoon()
}

const notHttp = ['400 Bad Request', 'This is not a request that HTTP knows.']

const refusals: Record<string, string[]> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'The URL and the headers are too long: at most 16 KiB.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
}
