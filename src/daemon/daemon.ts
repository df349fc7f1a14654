import { once } from 'node:events'
import { existsSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { RunEnvironment } from '../client/run-environment.js'
import { invalidInput } from '../shared/errors.js'
import { newBookingId } from '../shared/ids.js'
import { isClosed, makeOwnDirectory } from '../shared/own-directory.js'
import { escapeControls } from '../shared/quote.js'
import { randomBytes } from '../shared/random.js'
import type { Io } from '../terminal/io.js'
import type { Asker, Request, RunRequest, RunResult } from './protocol.js'
import { containerOfProcess, PROCESS_VARIABLES, receiver, send } from './protocol.js'
import { SharedTickets } from './shared-tickets.js'

/** The program that the daemon is, and runs command lines with. `main` does not reject. */
export interface Program {
  environment: RunEnvironment
  main: (argv: readonly string[], io: Io, environment: RunEnvironment) => Promise<number>
}

/**
 * Takes command lines of this user's other processes and runs them in this one, where everything is
 * loaded and connected, and where bookings for one show are decided together.
 */
export class Daemon {
  readonly #link: string
  readonly #name: string
  readonly #program: Program
  readonly #counts = { served: 0, declined: 0, declined_because: null as string | null }
  readonly #since = new Date()
  readonly #server = createServer({ allowHalfOpen: true })
  /** Resolves when it takes no more connections. */
  readonly closed = new Promise((resolve) => this.#server.once('close', resolve))
  readonly #underWay = new Set<Promise<unknown>>()
  readonly #tickets = new SharedTickets(this.#underWay)

  /** `link` is where clients find it. */
  constructor(link: string, program: Program) {
    this.#link = link
    // The random part distinguishes it from one in another container with the same process id.
    this.#name = `${basename(link)}.${randomBytes(4).toString('hex')}.${process.pid}`
    this.#program = program
  }

  /**
   * Opens the daemon at its link. It replaces any other daemon there, which finishes the runs that
   * it has accepted, and closes. Throws INVALID_INPUT if the daemon cannot be opened.
   */
  async open(): Promise<void> {
    await this.#listen(dirname(this.#link)).catch((cause) => {
      this.#server.close()
      const message = `No daemon can be opened at ${escapeControls(this.#link)}: ${escapeControls(cause.message)}. Set XDG_CACHE_HOME to a directory with a short path that only you can write to.`
      throw invalidInput(message, { cause })
    })
    // A connection that fails must not end the others.
    this.#server.on('connection', (socket) => this.#serve(socket).catch(() => socket.destroy()))
    // Another daemon may take the link, or a user remove it.
    setInterval(() => this.#isFound() || this.close(), 2000).unref()
  }

  /** Takes nothing more, and resolves when it has finished what it has accepted. */
  async close(): Promise<void> {
    if (this.#isFound()) rmSync(this.#link)
    this.#server.close()
    await this.#tickets.close()
    await Promise.all(this.#underWay)
  }

  async #listen(directory: string): Promise<void> {
    const socket = join(directory, this.#name)
    makeOwnDirectory(directory)
    if (!isClosed(directory)) throw new Error('other users can write there')
    // Only this user may connect: a run has this user's rights.
    const umask = process.umask(0o177)
    this.#server.listen(socket)
    process.umask(umask)
    await once(this.#server, 'listening')
    // The system cuts a long path short.
    if (!existsSync(socket)) throw new Error('its path is too long')
    // In one step, as many may open at once; and only now that this one can answer.
    symlinkSync(this.#name, `${socket}~`)
    renameSync(`${socket}~`, this.#link)
  }

  #isFound(): boolean {
    try {
      return readlinkSync(this.#link) === this.#name
    } catch {
      return false
    }
  }

  async #serve(socket: Socket): Promise<void> {
    const receive = receiver(socket.unref())
    const request = (await receive<Request>()) as Request | undefined
    if (request?.type === 'run') await this.#serveRun(request, socket, receive)
    if (request?.type === 'status') send(socket, this.statusFor(request))
    // What was sent arrives even if this process ends.
    if (request?.type !== 'stop') return void socket.end(() => socket.destroy())
    send(socket, {})
    // This connection ends with the process.
    await this.close()
  }

  /** What it says of itself, in the JSON of `tickets daemon status`. */
  statusFor(asker: Asker) {
    return {
      program: this.#program.environment.program,
      since: this.#since.toISOString(),
      /** The number of runs under way, served and declined, and why the last one was declined. */
      under_way: this.#underWay.size,
      ...this.#counts,
      /** Why it would decline a run of the command that asks; null: it would not. */
      refusal: this.#reasonToDecline(asker) ?? null,
    }
  }

  async #serveRun(request: RunRequest, socket: Socket, receive: () => Promise<unknown>) {
    const reason = this.#reasonToDecline(request)
    if (reason !== undefined) return this.#decline(reason, socket)
    const bookingId = newBookingId()
    send(socket, { bookingId })
    if (!(await receive())) return
    if (!this.#server.listening) return this.#decline('It is being stopped.', socket)
    const interruption = new AbortController()
    const interrupt = () => interruption.abort()
    socket.once('end', interrupt).once('close', interrupt)
    const signs = setInterval(() => send(socket), request.silenceMs / 4)
    const run = this.#run(request, { bookingId, signal: interruption.signal })
    this.#underWay.add(run)
    send(socket, await run)
    clearInterval(signs)
    this.#underWay.delete(run)
    this.#counts.served++
  }

  #reasonToDecline({ program, container, env }: Asker): string | undefined {
    if (program !== this.#program.environment.program) return 'It runs another version.'
    if (container !== containerOfProcess()) return 'It is in another container.'
    const other = PROCESS_VARIABLES.find((name) => env[name] !== process.env[name])
    return other && `It has a different ${other}.`
  }

  #decline(reason: string, socket: Socket): void {
    this.#counts.declined++
    this.#counts.declined_because = reason
    send(socket, { declined: reason })
  }

  /** Runs a command line as if it ran where it was typed, and keeps what it prints. */
  async #run({ argv, env, cwd }: RunRequest, own: RunEnvironment): Promise<RunResult> {
    const { environment, main } = this.#program
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const printed = Promise.all([text(stdout), text(stderr)])
    // The trace of shared connections would be that of all their runs.
    const open: RunEnvironment['open'] = (options) =>
      options.trace ? undefined : this.#tickets.open(options)
    const io = { stdin: {}, stdout, stderr, env } as unknown as Io
    const exitCode = await main(argv, io, { ...environment, ...own, cwd, open })
    stdout.end()
    stderr.end()
    const [out, err] = await printed
    return { exitCode, stdout: out, stderr: err }
  }
}
