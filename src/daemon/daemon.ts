import { once } from 'node:events'
import { existsSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { RunEnvironment } from '../client/run-environment.js'
import { TicketsError } from '../shared/errors.js'
import { newBookingId } from '../shared/ids.js'
import { isClosed, makeOwnDirectory } from '../shared/own-directory.js'
import { escapeControls } from '../shared/quote.js'
import type { Io } from '../terminal/io.js'
import type { Asker, DaemonStatus, Declined, Request, RunRequest, RunResult } from './protocol.js'
import { PROCESS_VARIABLES, placeOfProcess, Wire } from './protocol.js'
import { SharedTickets } from './shared-tickets.js'

/** The program that the daemon is, and runs command lines with. `main` does not reject. */
export interface Program {
  environment: RunEnvironment
  main: (argv: readonly string[], io: Io, environment: RunEnvironment) => Promise<number>
}

export interface DaemonOptions extends Pick<DaemonStatus, 'idle_ms'> {
  link: string
  /** The only database that it books in, by `Tickets.databaseName`. */
  database: string
  program: Program
}

/**
 * Takes command lines of this user's other processes and runs them in this one, where everything is
 * loaded and connected, and where bookings for one show are decided together.
 */
export class Daemon {
  readonly #options: DaemonOptions
  readonly #name: string
  readonly #status: Omit<DaemonStatus, 'database' | 'refusal'>
  readonly #server = createServer({ allowHalfOpen: true })
  /** Resolves when it takes no more connections. */
  readonly closed = new Promise((resolve) => this.#server.once('close', resolve))
  readonly #tickets = new SharedTickets()
  /** Connections that may still be closed without a result. */
  readonly #undecided = new Set<Socket>()
  readonly #underWay = new Set<Promise<unknown>>()
  #idle: NodeJS.Timeout | undefined

  constructor(options: DaemonOptions) {
    this.#options = options
    this.#name = `${basename(options.link)}.${process.pid}`
    const { program = '' } = options.program.environment
    const counts = { under_way: 0, served: 0, declined: 0, declined_because: null }
    const since = new Date().toISOString()
    this.#status = { program, since, ...counts, idle_ms: options.idle_ms }
  }

  /**
   * Opens at its link. Another daemon there loses its place: it finishes what it has accepted, and
   * closes. Throws INVALID_INPUT where none can be opened.
   */
  async open(): Promise<void> {
    const { link, idle_ms } = this.#options
    await this.#listen(dirname(link)).catch((cause) => {
      this.#server.close()
      const message = `No daemon can be opened at ${escapeControls(link)}: ${escapeControls(cause.message)}. Set XDG_CACHE_HOME to a directory with a short path that only you can write to.`
      throw new TicketsError('INVALID_INPUT', message, { cause })
    })
    // A connection that fails must not end the others.
    this.#server.on('connection', (socket) => this.#serve(socket).catch(() => socket.destroy()))
    // Another daemon may take the link, or a user remove it.
    setInterval(() => this.#isFound() || this.close(), 2000).unref()
    const closeIfIdle = () => this.#underWay.size === 0 && this.close()
    if (idle_ms !== null) this.#idle = setTimeout(closeIfIdle, idle_ms).unref()
  }

  /** Takes nothing more, and resolves when it has finished what it has accepted. */
  async close(): Promise<void> {
    if (this.#isFound()) rmSync(this.#options.link)
    this.#server.close()
    for (const socket of this.#undecided) socket.destroy()
    await Promise.all(this.#underWay)
    await this.#tickets.close()
  }

  async #listen(directory: string): Promise<void> {
    const socket = join(directory, this.#name)
    makeOwnDirectory(directory)
    if (!isClosed(directory)) throw new Error('other users can write there')
    rmSync(socket, { force: true })
    // Only this user may connect: a run has this user's rights.
    const umask = process.umask(0o177)
    this.#server.listen(socket)
    process.umask(umask)
    await once(this.#server, 'listening')
    // The system cuts a long path short.
    if (!existsSync(socket)) throw new Error('its path is too long')
    // In one step, as many may open at once; and only now that this one can answer.
    symlinkSync(this.#name, `${socket}~`)
    renameSync(`${socket}~`, this.#options.link)
  }

  #isFound(): boolean {
    try {
      return readlinkSync(this.#options.link) === this.#name
    } catch {
      return false
    }
  }

  async #serve(socket: Socket): Promise<void> {
    const wire = new Wire(socket)
    this.#undecided.add(socket)
    socket.once('close', () => this.#undecided.delete(socket))
    const request = (await wire.receive<Request>()) as Request | undefined
    if (request?.type === 'run') await this.#serveRun(request, wire, socket)
    else if (request) {
      const refusal = this.#reasonToDecline(request) ?? null
      const { database } = this.#options
      wire.send({ ...this.#status, under_way: this.#underWay.size, database, refusal })
    }
    // What was sent arrives, whatever becomes of this process.
    if (request?.type !== 'stop') return void socket.end(() => socket.destroy())
    // This connection ends with the process.
    this.#undecided.delete(socket.unref())
    await this.close()
  }

  async #serveRun(request: RunRequest, wire: Wire, socket: Socket): Promise<void> {
    const reason = this.#reasonToDecline(request)
    if (reason !== undefined) return this.#decline(reason, wire)
    const bookingId = newBookingId()
    wire.send({ bookingId })
    if (!(await wire.receive())) return
    this.#undecided.delete(socket)
    const interruption = new AbortController()
    const interrupt = () => interruption.abort()
    socket.once('end', interrupt).once('close', interrupt)
    const signs = setInterval(() => wire.send(), request.silenceMs / 4)
    const run = this.#run(request, { bookingId, signal: interruption.signal })
    this.#underWay.add(run)
    const result = await run
    clearInterval(signs)
    this.#underWay.delete(run)
    this.#idle?.refresh()
    if ('declined' in result) return this.#decline(result.declined, wire)
    this.#status.served++
    wire.send(result)
  }

  #reasonToDecline({ program, place, env }: Asker): string | undefined {
    if (program !== this.#status.program) return 'It is of another version.'
    if (place !== placeOfProcess()) return 'It is in another container.'
    const other = PROCESS_VARIABLES.find((name) => env[name] !== process.env[name])
    return other && `It has another ${other}.`
  }

  #decline(reason: string, wire: Wire): void {
    this.#status.declined++
    this.#status.declined_because = reason
    wire.send({ declined: reason })
  }

  /** Runs a command line as if it ran where it was typed, and keeps what it prints. */
  async #run({ argv, env, cwd }: RunRequest, own: RunEnvironment): Promise<RunResult | Declined> {
    const { program, database } = this.#options
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const printed = Promise.all([text(stdout), text(stderr)])
    let declined: string | undefined
    const open: RunEnvironment['open'] = (options) => {
      const tickets = this.#tickets.open(options, printed)
      if (tickets.databaseName !== database) declined = `It books in ${escapeControls(database)}.`
      if (declined !== undefined) throw new TicketsError('INVALID_INPUT', declined)
      // The trace of shared connections would be that of all their runs.
      return options.trace ? undefined : tickets
    }
    const io = { stdin: {}, stdout, stderr, env } as unknown as Io
    const exitCode = await program.main(argv, io, { ...program.environment, ...own, cwd, open })
    stdout.end()
    stderr.end()
    const [out, err] = await printed
    return declined === undefined ? { exitCode, stdout: out, stderr: err } : { declined }
  }
}
