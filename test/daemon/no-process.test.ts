import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startBooking } from '../support/booking-process.js'
import { tickets } from '../support/cli.js'
import { copyCodeCache } from '../support/code-cache.js'
import { cloneDatabase } from '../support/database.js'
import { insertShow, oneTo } from '../support/shows.js'

// Dozens of processes take some time on two cores.
const patient = { timeout: 300_000 }

describe.runIf(existsSync('/proc/self/environ'))(
  'no process is started without being asked for',
  patient,
  () => {
    let directory: string
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'tickets-processes-'))
      // If root runs the tests, the embedded server runs as another user.
      await chmod(directory, 0o755)
      await mkdir(join(directory, 'cache'))
      await copyCodeCache(join(directory, 'cache'))
    })
    afterEach(async () => {
      await tickets(['db', 'stop'], { env: environment() })
      await rm(directory, { recursive: true })
    })

    const environment = () => ({
      TICKETS_DATA_DIR: join(directory, 'data'),
      XDG_CACHE_HOME: join(directory, 'cache'),
    })
    const run = async (...args: string[]) => {
      const ran = await tickets(args, { env: environment() })
      expect([args, ran.exitCode, ran.stderr]).toEqual([args, 0, expect.any(String)])
      return ran
    }

    it('a show, fifty parallel bookings and `stress` leave the embedded PostgreSQL; `db stop`, nothing', async () => {
      const show = ['--name', 'A', '--start-time', '2030-01-01T19:00Z', '--total-seats', '60']
      const { id } = (await run('show', 'create', ...show, '--json')).json()
      const ended = await Promise.all(
        oneTo(50).map((seat) => startBooking('', [id, '--seats', `${seat}`], environment()).ended),
      )
      expect(ended.map(({ exitCode }) => exitCode)).toEqual(ended.map(() => 0))
      await run('stress', '--bookings', '4', '--processes', '4')
      const left = await processes()
      expect(left.filter((command) => !/^postgres|\/postgres /.test(command))).toEqual([])
      expect(left.length).toBeGreaterThan(0)
      await run('db', 'stop')
      expect(await processes()).toEqual([])
    })

    it('ten bookings on a separate server leave no process', async () => {
      const db = await cloneDatabase()
      const show = await insertShow(db, { seats: 20 })
      const ended = await Promise.all(
        oneTo(10).map(
          (seat) => startBooking(db.url, [show, '--seats', `${seat}`], environment()).ended,
        ),
      )
      expect(ended.map(({ exitCode }) => exitCode)).toEqual(ended.map(() => 0))
      expect(await processes()).toEqual([])
      await db.drop()
    })

    /**
     * The command lines of all processes that have the directory of the test in theirs, or work in
     * it.
     */
    async function processes(): Promise<string[]> {
      const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
      const found = await Promise.all(
        pids.map(async (pid) => {
          const of = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')
          const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '')
          const command = (await of('cmdline')).replaceAll('\0', ' ')
          return (cwd + command + (await of('environ'))).includes(directory) ? [command] : []
        }),
      )
      return found.flat()
    }
  },
)
