import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getuid } from 'node:process'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { serverAccount } from '../../src/database/embedded/account.js'
import { startBooking } from '../support/booking-process.js'
import { type BoxOffice, openBoxOffice } from './box-office.js'

let office: BoxOffice
beforeEach(async () => {
  office = await openBoxOffice()
})
afterEach(() => office?.remove())

describe('a read-only server', () => {
  test('is said to be one, with exit code 6, and nothing is lost', async () => {
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
  })
  afterEach(async () => {
    if (disk === undefined) return
    // The tablespace's files are held open until its server is gone.
    await office.server.stop('immediate')
    await execa('umount', [disk])
    await rm(disk, { recursive: true })
  })

  test('is said to be one, with exit code 6, and nothing that was confirmed is lost', async ({
    skip,
  }) => {
    if (disk === undefined) skip('only root may mount a file system that is small enough to fill')
    const show = await office.createShow(1000)
    await office.server.run(`create tablespace tight location '${disk}'`)
    await office.server.run('alter table bookings set tablespace tight')
    await expectBooked(show)
    await fill(disk!)
    // The pages that are there have room for a few more.
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
})

async function expectBooked(show: string): Promise<void> {
  const { exitCode, document } = await startBooking(office.url, [show, '--count', '1']).ended
  expect([exitCode, document.status]).toEqual([0, 'CONFIRMED'])
}

async function expectRefused(show: string, sentence: RegExp): Promise<void> {
  const { exitCode, document } = await startBooking(office.url, [show, '--count', '1']).ended
  expect(exitCode).toBe(6)
  expect(document.error).toMatchObject({ code: 'DB_UNREACHABLE', retryable: true })
  expect(document.error?.message).toMatch(sentence)
}

/** A file system of one megabyte that the server may write to; undefined where there is none to be had. */
async function mountSmallDisk(): Promise<string | undefined> {
  const { ids } = await serverAccount()
  if (getuid?.() !== 0 || ids === undefined) return undefined
  const directory = await mkdtemp('/tmp/tickets-disk-')
  const mounted = await execa('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory], {
    reject: false,
  })
  if (mounted.exitCode !== 0) {
    await rm(directory, { recursive: true })
    return undefined
  }
  await chown(directory, ids.uid, ids.gid)
  return directory
}

async function fill(disk: string): Promise<void> {
  const written = await writeFile(join(disk, 'filler'), Buffer.alloc(2 ** 20)).catch((e) => e.code)
  expect(written).toBe('ENOSPC')
}
