import { once } from 'node:events'
import { lstatSync, renameSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { newBookingId } from '../shared/ids.js'
import { makeOwnDirectory } from '../shared/own-directory.js'
import {
  type Answer,
  type CounterStatus,
  GO,
  type Lifetime,
  OF_THE_PROCESS,
  type Order,
  placeOfProcess,
  type Receipt,
  type Request,
  SIGN_OF_LIFE_MS,
  Wire,
} from './protocol.js'

export interface CounterOptions extends Lifetime {
  /** Where its socket is. */
  path: string
  /** Which program it runs: orders from another are declined. */
  program: string
  /** Whether the server that it has come with runs; asked again and again. */
  isServerUp?: () => Promise<boolean>
  /** Runs an order to its end, whatever that is. */
  run: (order: Order, environment: { bookingId: string; signal: AbortSignal }) => Promise<Answer>
}

/** How often it looks whether it can still be found, and whether its server is still there. */
const LOOK_MS = 2000
/** One that came with a server and that declines so many orders in a row only stands in their way. */
const DECLINED_IN_A_ROW = 5

/**
 * Takes command lines of this user's other processes and runs them in this one, where everything is
 * loaded and connected, and where bookings for one show are decided together.
 */
export class Counter {
  readonly #options: CounterOptions
  readonly #server: Server
  readonly #since = new Date()
  /** Those that may still leave without an answer. */
  readonly #undecided = new Set<Socket>()
  readonly #underWay = new Set<Promise<Answer>>()
  /** Resolves when it is closed, by whomever. */
  readonly closed: Promise<unknown>
  readonly #ino: number
  readonly #place = placeOfProcess()
  /** Of `process.env`, of which every look is a call into the system. */
  readonly #env = { ...process.env }
  /** Fires when the last order is so long ago. */
  #idle: NodeJS.Timeout | undefined
  #served = 0
  #declined = 0
  #declinedBecause: string | null = null
  #declinedInARow = 0
  #closing: Promise<void> | undefined

  private constructor(options: CounterOptions, server: Server, ino: number) {
    this.#options = options
    this.#server = server
    this.#ino = ino
    this.closed = once(server, 'close')
    this.#closeWhenLost()
    this.#closeWithServer()
    this.#closeWhenIdle()
    // A conversation that goes wrong must not end those of the others.
    server.on('connection', (socket) => this.#serve(socket).catch(() => socket.destroy()))
  }

  /**
   * Opens at a path, in place of any socket that is there: a counter that loses its place by it
   * finishes what it has and closes. Throws the system's errors, EEXIST where there is something else.
   */
  static async open(options: CounterOptions): Promise<Counter> {
    const { path } = options
    makeOwnDirectory(dirname(path))
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === false) throw notASocket(path)
    // It gets its name when it can answer, in one step, whatever had that name before.
    const draft = `${path}.${process.pid}`
    rmSync(draft, { force: true })
    const server = createServer({ allowHalfOpen: true })
    await listenAlone(server, draft)
    try {
      // By its draft: at the path there may be another's already.
      const { ino } = lstatSync(draft)
      renameSync(draft, path)
      return new Counter(options, server, ino)
    } catch (error) {
      server.close()
      throw error
    }
  }

  /** Takes nothing more, finishes what it has taken, and resolves when that is done. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Once: what is at its place later is another's, whatever its number. */
  async #close(): Promise<void> {
    if (this.#isAtItsPlace()) rmSync(this.#options.path, { force: true })
    this.#server.close()
    for (const socket of this.#undecided) socket.destroy()
    await Promise.all(this.#underWay)
  }

  #closeWhenLost(): void {
    this.#lookAgainAndAgain(() => {
      if (!this.#isAtItsPlace()) void this.close()
    })
  }

  /** Not at once: an order may bring the server up again, and so may whoever has stopped it. */
  #closeWithServer(): void {
    const { isServerUp } = this.#options
    if (!isServerUp) return
    let missed = 0
    this.#lookAgainAndAgain(async () => {
      missed = (await isServerUp()) ? 0 : missed + 1
      if (missed === 2) void this.close()
    })
  }

  #lookAgainAndAgain(look: () => void): void {
    const timer = setInterval(look, LOOK_MS).unref()
    this.#server.once('close', () => clearInterval(timer))
  }

  #closeWhenIdle(): void {
    const { idleMs } = this.#options
    if (idleMs === null) return
    const closeIfIdle = () => this.#underWay.size === 0 && void this.close()
    this.#idle = setTimeout(closeIfIdle, idleMs).unref()
    this.#server.once('close', () => clearTimeout(this.#idle))
  }

  /** Another counter may have taken its place, or somebody may have removed the socket. */
  #isAtItsPlace(): boolean {
    try {
      return lstatSync(this.#options.path).ino === this.#ino
    } catch {
      return false
    }
  }

  async #serve(socket: Socket): Promise<void> {
    const wire = new Wire(socket)
    this.#undecided.add(socket)
    socket.once('close', () => this.#undecided.delete(socket))
    const request = await wire.receive<Request>()
    if (request?.ask === 'run') {
      await this.#serveOrder(request, wire, socket)
    } else if (request !== undefined) {
      this.#undecided.delete(socket)
      if (request.ask === 'close') await this.close()
      wire.send(this.#status())
    }
    // What is sent arrives, whatever becomes of this process; nobody is waited for.
    socket.end(() => socket.destroy())
  }

  async #serveOrder(order: Order, wire: Wire, socket: Socket): Promise<void> {
    const reason = this.#reasonToDecline(order)
    if (reason !== undefined) {
      this.#declined++
      this.#declinedBecause = reason
      wire.send({ declined: reason } satisfies Receipt)
      const isInTheWay = ++this.#declinedInARow >= DECLINED_IN_A_ROW
      if (isInTheWay && this.#options.server !== null) void this.close()
      return
    }
    this.#declinedInARow = 0
    const bookingId = newBookingId()
    wire.send({ bookingId } satisfies Receipt)
    if ((await wire.receive()) !== GO) return
    this.#undecided.delete(socket)
    const interruption = new AbortController()
    const interrupt = () => interruption.abort()
    socket.once('end', interrupt).once('close', interrupt)
    const answer = this.#options.run(order, { bookingId, signal: interruption.signal })
    this.#underWay.add(answer)
    const signs = setInterval(() => wire.sendSign(), SIGN_OF_LIFE_MS)
    try {
      wire.send(await answer)
      this.#served++
    } finally {
      clearInterval(signs)
      this.#underWay.delete(answer)
      if (this.#server.listening) this.#idle?.refresh()
    }
  }

  #reasonToDecline({ program, place, env }: Order): string | undefined {
    if (program !== this.#options.program) return 'The counter is of another version.'
    if (place !== this.#place) return 'The counter is in another container.'
    const other = OF_THE_PROCESS.find((name) => env[name] !== this.#env[name])
    return other && `The counter has another ${other}.`
  }

  #status(): CounterStatus {
    return {
      pid: process.pid,
      program: this.#options.program,
      since: this.#since.toISOString(),
      underWay: this.#underWay.size,
      served: this.#served,
      declined: this.#declined,
      declinedBecause: this.#declinedBecause,
      idleMs: this.#options.idleMs,
      server: this.#options.server,
    }
  }
}

function notASocket(path: string): Error {
  return Object.assign(new Error('it is something else'), {
    code: 'EEXIST',
    syscall: 'rename',
    path,
  })
}

/** Listens where only this user can connect: an order is run with this user's rights. */
async function listenAlone(server: Server, path: string): Promise<void> {
  const umask = process.umask(0o177)
  try {
    server.listen(path)
  } finally {
    process.umask(umask)
  }
  await once(server, 'listening')
}
