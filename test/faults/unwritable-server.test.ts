import { chown, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getuid, stderr } from 'node:process'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readRetryLines, STATS_VARIABLE } from '../../src/cli/retry-lines.js'
import { serverUsers } from '../../src/database/embedded/users.js'
import { type BookingProcess, startBooking } from '../support/booking-process.js'
import { holdLock } from '../support/shows.js'
import { until } from '../support/until.js'
import { type BoxOffice, openBoxOffice } from './box-office.js'

let office: BoxOffice
beforeEach(async () => {
  // Without a log writer, the client that commits writes the log, and finds no room for it.
  office = await openBoxOffice({ wal_writer_delay: '10s' })
})
afterEach(() => office?.remove())

describe('a read-only server', () => {
  test('is reported as read-only, with exit code 6, and nothing is lost', async () => {
    const show = await office.createShow(10)
    await expectBooked(show)
    const setReadOnly = async (value: 'on' | 'off') =>
      office.server.run(
        `set transaction read write; alter database owner set default_transaction_read_only = ${value}`,
      )
    await setReadOnly('on')
    await expectRefused(show, /read-only/)
    await setReadOnly('off')
    await expectBooked(show)
    expect(await office.bookings(show)).toHaveLength(2)
    await office.expectSound(show)
  })
})

describe('a full disk', () => {
  let disk: string | undefined
  beforeEach(async () => {
    disk = await mountSmallDisk()
    // For a file that passes, the reporter shows only the number of skipped tests.
    if (disk === undefined) stderr.write(`\nA full disk is skipped: ${NO_DISK}.\n`)
  })
  afterEach(async () => {
    if (disk === undefined) return
    // The server holds files open until it stops.
    await office.server.stop('immediate')
    await execa('umount', [disk])
    await rm(disk, { recursive: true })
  })

  test('is reported as full, with exit code 6, and nothing that was confirmed is lost', async ({
    skip,
  }) => {
    if (disk === undefined) skip(NO_DISK)
    const show = await office.createShow(1000)
    await office.server.run(`create tablespace tight location '${disk}'`)
    await office.server.run('alter table bookings set tablespace tight')
    await expectBooked(show)
    await fill(disk!)
    // The existing pages have room for a few more rows.
    const clerk = office.open()
    let confirmed = 1
    const failure = await (async () => {
      for (;;) {
        await clerk.book(show, { count: 1 })
        confirmed++
      }
    })().catch((error) => error)
    expect(failure).toMatchObject({ code: 'DB_UNREACHABLE' })
    await expectRefused(show, /disk is full/)
    const sold = (await office.bookings(show)).filter(({ status }) => status === 'CONFIRMED')
    expect(sold).toHaveLength(confirmed)

    await rm(join(disk!, 'filler'))
    await expectBooked(show)
    await office.expectSound(show)
  })

  test('of the write-ahead log stops the server: a long wait books once there is room, a short one fails', async ({
    skip,
  }) => {
    if (disk === undefined) skip(NO_DISK)
    const show = await office.createShow(1000)
    await moveLog(disk!)
    await expectBooked(show)
    const lock = await holdLock(office, 'select from shows for update')
    const short = await waiting(show, ['--wait', '15s', '--key', 'short'])
    const long = await waiting(show, ['--wait', '120s'])
    await fill(disk!)
    await office.server.run(USE_UP_LOG)
    // The COMMIT of the short wait, or a statement before it, finds no room.
    await lock.release()
    const answer = await short.ended
    expect(answer.exitCode).toBeOneOf([5, 6])
    expect(answer.document.error).toMatchObject({ retryable: true })
    const sentence = answer.document.error!.message
    expect(sentence).toMatch(
      /^(The connection .*was lost|Cannot reach|.* is busy|.* may or may not be booked)/,
    )
    expect(readRetryLines(answer.stderr).retries).toContain('lost')
    // The server may still be trying to recover.
    const latecomer = await startBooking(office.url, [show, '--count', '1', '--wait', '0s']).ended
    expect(latecomer.exitCode).toBeOneOf([5, 6])
    expect(latecomer.document.error).toMatchObject({ retryable: true })

    await rm(join(disk!, 'filler'))
    await office.server.stop('immediate')
    await office.server.start()
    const served = await long.ended
    expect([served.exitCode, served.document.status]).toEqual([0, 'CONFIRMED'])
    await expectBooked(show)
    const bookings = await office.bookings(show)
    const { id, seats } = served.document
    expect(bookings).toContainEqual(expect.objectContaining({ id, seats, status: 'CONFIRMED' }))
    const sold = bookings.filter(({ status }) => status === 'CONFIRMED')
    const isInDoubt = sentence.includes('may or may not be booked')
    expect(sold.length).toBeOneOf(isInDoubt ? [3, 4] : [3])
    await office.expectSound(show)
  })
})

const NO_DISK = 'only root may mount a file system that is small enough to fill'

/**
 * A booking process that has recorded its request and waits for the lock, behind the earlier ones.
 */
async function waiting(show: string, args: string[]): Promise<BookingProcess> {
  const lockers = async () => {
    const { rows } = await office.server.run(
      `select count(*)::int as count from pg_stat_activity where wait_event_type = 'Lock'`,
    )
    return rows[0].count
  }
  const before = await lockers()
  const clerk = startBooking(office.url, [show, '--count', '1', ...args], { [STATS_VARIABLE]: '1' })
  await until(async () => (await lockers()) > before)
  return clerk
}

async function expectBooked(show: string): Promise<void> {
  const { exitCode, document } = await startBooking(office.url, [show, '--count', '1']).ended
  expect([exitCode, document.status]).toEqual([0, 'CONFIRMED'])
}

async function expectRefused(show: string, sentence: RegExp): Promise<void> {
  const args = [show, '--count', '1', '--wait', '1s']
  const { exitCode, document } = await startBooking(office.url, args).ended
  expect(exitCode).toBe(6)
  expect(document.error).toMatchObject({ code: 'DB_UNREACHABLE', retryable: true })
  expect(document.error?.message).toMatch(sentence)
}

/**
 * A file system of 48 megabytes that the server may write to, or undefined if none can be mounted.
 */
async function mountSmallDisk(): Promise<string | undefined> {
  const { server: ids } = await serverUsers()
  if (getuid?.() !== 0 || ids === undefined) return undefined
  const directory = await mkdtemp('/tmp/tickets-disk-')
  const mounted = await execa('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', directory], {
    reject: false,
  })
  if (mounted.exitCode !== 0) {
    await rm(directory, { recursive: true })
    return undefined
  }
  await chown(directory, ids.uid, ids.gid)
  return directory
}

/** Moves the log there, as initdb --waldir does. */
async function moveLog(disk: string): Promise<void> {
  const log = join(office.server.dataDir, 'pg_wal')
  await office.server.stop()
  await execa('cp', ['-a', `${log}/.`, disk])
  await rm(log, { recursive: true })
  await symlink(disk, log)
  await office.server.start()
}

/** Fills the last existing segment of the log, except for half a kilobyte. */
const USE_UP_LOG = `
  do $$ declare room int; begin
    while exists (
      select from pg_ls_waldir()
      where name ~ '^[0-9A-F]{24}$' and name > pg_walfile_name(pg_current_wal_insert_lsn())
    ) loop
      perform pg_logical_emit_message(false, 'filler', 'x'), pg_switch_wal();
    end loop;
    loop
      room := 16777216 - mod(pg_current_wal_insert_lsn() - '0/0', 16777216);
      exit when room < 500;
      perform pg_logical_emit_message(false, 'filler', repeat('x', room / 2));
    end loop;
  end $$`

async function fill(disk: string): Promise<void> {
  const written = await writeFile(join(disk, 'filler'), Buffer.alloc(48 * 2 ** 20)).catch(
    (e) => e.code,
  )
  expect(written).toBe('ENOSPC')
}
