import type { Socket } from 'node:net'

/**
 * Answers a request that is not HTTP or arrives too slowly with an error of the usual shape, then
 * closes the connection without waiting for the client.
 */
export function refuseBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, message] = refusals[error.code ?? ''] ?? notHttp
  answerAndClose(socket, [`HTTP/1.1 ${status}`], {
    code: 'INVALID_INPUT',
    message,
    retryable: false,
  })
}

/** Refuses a connection beyond the limit before it has sent anything, and closes it. */
export function refuseConnection(socket: Socket): void {
  socket.on('error', () => {}) // The client may be gone already.
  answerAndClose(socket, ['HTTP/1.1 429 Too Many Requests', 'Retry-After: 1'], {
    code: 'TOO_MANY_REQUESTS',
    message: 'Too many connections from this address. Close some, or try again soon.',
    retryable: true,
  })
}

function answerAndClose(socket: Socket, head: string[], error: object): void {
  const body = JSON.stringify({ error })
  const type = 'Content-Type: application/json'
  const length = `Content-Length: ${Buffer.byteLength(body)}`
  socket.write([...head, type, length, 'Connection: close', '', body].join('\r\n'))
  socket.destroySoon()
}

const notHttp: Refusal = ['400 Bad Request', 'This is not a valid HTTP request.']

type Refusal = [status: string, message: string]

const refusals: Record<string, Refusal> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'The URL and the headers are too long: at most 16 KiB.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
}
