import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { type Client, openClient } from '../../src/client/open-client.js'
import { createMetrics } from '../../src/http/metrics.js'
import { type ServerOptions, startServer } from '../../src/http/server.js'
import { bareEnvironment, program } from './cli.js'
import { until } from './until.js'

/** A server inside this process, on its own port. */
export interface OwnHttpServer {
  url: string
  tickets: Client
  /** What it has logged so far. */
  log(): string
  close(): Promise<void>
}

/** The limits that a test sets. */
export type ServerSettings = Partial<
  Pick<
    ServerOptions,
    | 'limits'
    | 'requireToken'
    | 'publicInfo'
    | 'rate'
    | 'corsOrigins'
    | 'perAddress'
    | 'logLevel'
    | 'arrivalMs'
    | 'stallMs'
    | 'patienceMs'
  >
>

/** Starts a server on the database with this URL, with the limits that a test sets. */
export async function serveHere(
  url: string,
  {
    waitMs = 10_000,
    connections = 10,
    ...settings
  }: ServerSettings & { waitMs?: number; connections?: number } = {},
): Promise<OwnHttpServer> {
  const metrics = createMetrics()
  const env = {}
  const onBatch = (batch: Parameters<typeof metrics.batch>[0]) => metrics.batch(batch)
  const tickets = openClient({ database: url, env, waitMs, connections, onBatch })
  let log = ''
  const server = await startServer({
    tickets,
    metrics,
    version: '1.2.3',
    host: '127.0.0.1',
    port: 0,
    requireToken: false,
    publicInfo: false,
    corsOrigins: [],
    log: {
      write(text) {
        log += text
      },
    },
    logLevel: 'debug',
    arrivalMs: 30_000,
    stallMs: 60_000,
    patienceMs: 5000,
    ...settings,
  })
  return {
    url: server.url,
    tickets,
    log: () => log,
    async close() {
      await server.close()
      await tickets.close()
    },
  }
}

/** A running `tickets serve` process. */
export interface ServerProcess {
  url: string
  child: ChildProcess
  stdout(): string
  stderr(): string
  /** Stops it and returns its exit code. */
  stop(): Promise<number | null>
}

/** Starts a process, and returns when it listens. Throws with its output if it ends before that. */
export async function serveProcess(
  db: string,
  args: readonly string[] = ['--port', '0'],
  nodeArgs: readonly string[] = [],
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [...nodeArgs, program, 'serve', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...bareEnvironment, DATABASE_URL: db },
  })
  const ended = once(child, 'exit')
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  await until(() => stdout().includes('\n') || child.exitCode !== null)
  if (child.exitCode !== null)
    throw new Error(`tickets serve exited ${child.exitCode}: ${stderr()}`)
  return {
    url: /http:[^"\s]+/.exec(stdout())![0],
    child,
    stdout,
    stderr,
    async stop() {
      child.kill('SIGTERM')
      return (await ended)[0]
    },
  }
}

function collect(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  return () => text
}

/** The response to a request. */
export interface Answered {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: each test asserts the shape, as with `json()`.
  body: any
}

/** Sends a request. A body that is not a string is sent as JSON. */
export interface Asked {
  method?: string
  headers?: Record<string, string>
  body?: unknown
}

/**
 * Sends one request with a JSON body or none, and returns the body of the response: parsed JSON, or
 * text.
 */
export async function ask(
  url: string,
  { body, headers, method = body === undefined ? 'GET' : 'POST' }: Asked = {},
): Promise<Answered> {
  const response = await fetch(url, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return {
    status: response.status,
    headers: response.headers,
    body: isJson && text !== '' ? JSON.parse(text) : text,
  }
}

/** Creates a show over HTTP, and returns its id. */
export async function createShow(url: string, show: object = {}): Promise<string> {
  const { body } = await ask(`${url}/admin/shows`, {
    body: { name: 'Cats', start_time: '2030-01-01T19:00:00Z', total_seats: 100, ...show },
  })
  return body.id
}

/** The seat events of a show as a browser would receive them: their names and their data. */
export async function* watchSeats(
  url: string,
  show: string,
  signal: AbortSignal,
): AsyncGenerator<[event: string, data: unknown]> {
  const response = await fetch(`${url}/shows/${show}/events`, { signal })
  if (response.headers.get('content-type') !== 'text/event-stream') {
    throw new Error(`no events: ${response.status} ${await response.text()}`)
  }
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, event, data] = /^event: (.+)\ndata: (.+)$/.exec(text.slice(0, end)) ?? []
      text = text.slice(end + 2)
      if (event) yield [event, JSON.parse(data!)]
    }
  }
}
