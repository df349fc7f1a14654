import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { textWidth } from '../../src/terminal/render/fit-text.js'
import { program } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'
import { insertShow } from '../support/shows.js'
import { openTerminal } from '../support/terminal.js'
import { withFacts } from '../support/wording.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())

const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })

interface RanAt {
  code: number | null
  text: string
  lines: string[]
}

/** Runs a command in a terminal of `columns` columns, and returns its exit code and output. */
async function runAt(columns: number, args: string[]): Promise<RanAt> {
  const env = { DATABASE_URL: db.url, TERM: 'xterm-256color', LANG: 'C.UTF-8' }
  const { exitCode, stdout, stderr } = await runInProcess(args, env, { columns })
  const text = stripVTControlCharacters(stdout + stderr).replaceAll('\r', '')
  return { code: exitCode, text, lines: text.trimEnd().split('\n') }
}

/** The same in a real terminal, as a separate process. */
async function runInTerminal(cols: number, args: string[]): Promise<RanAt> {
  const terminal = openTerminal(process.execPath, [program, ...args], {
    cols,
    env: { DATABASE_URL: db.url, HOME: '/nonexistent' },
  })
  const { code } = await terminal.exit
  const text = stripVTControlCharacters(terminal.written()).replaceAll('\r', '')
  await terminal.close()
  return { code, text, lines: text.trimEnd().split('\n') }
}

describe('a list', () => {
  let show: string
  let bookings: { reference: string; created_at: Date }[]
  beforeAll(async () => {
    show = await insertShow(db, {
      id: '77c1a2b3-0000-4000-8000-000000000001',
      name: 'The Very Long Running Phantom of the Opera',
      seats: 5000,
      seatsPerRow: 50,
    })
    await run('book', show, '--seats', 'A1-A4', '--customer', 'Ada Lovelace-Byron')
    await run('book', show, '--count', '1500', '--note', 'a coach party from afar')
    await run('token', 'create', '--name', 'the lobby', '--role', 'box-office')
    bookings = await db.sql('select reference, created_at from bookings order by id')
  })

  const referenceOf = ({ reference }: { reference: string }) =>
    `${reference.slice(0, 4)}-${reference.slice(4)}`

  it.each([40, 80])(
    'of shows in %i columns has ids that can be typed, whole times and counts',
    async (cols) => {
      const { lines, text } = await runInTerminal(cols, ['show', 'list'])
      expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(cols)
      expect(text).toMatch(/77c1a2b3.*2030-01-01 19:00 UTC.*5,000.*1,504.*3496/s)
      const [id] = /^77c1\w+/m.exec(text)!
      expect((await run('show', 'view', id, '--json')).json().id).toBe(show)
      if (cols === 40) expect(text).toContain('Phantom')
      if (cols === 40) expect(text).not.toContain('…')
    },
  )

  it.each([40, 80])(
    'of bookings in %i columns has whole references, states and seats',
    async (cols) => {
      for (const args of [
        ['booking', 'list'],
        ['booking', 'list', show],
      ]) {
        const { lines, text } = await runAt(cols, args)
        expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(cols)
        for (const booking of bookings) expect(text).toContain(referenceOf(booking))
        expect(text.match(/confirmed/g)).toHaveLength(2)
        expect(text).toContain('A1-A4')
        expect(text).toContain('Ada Lovelace-B')
        if (cols === 40) expect(text).toContain('party from afar')
      }
    },
  )

  it.each([40, 80])('of events in %i columns has whole times and references', async (cols) => {
    const { lines, text } = await runAt(cols, ['history', '--show', show])
    expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(cols)
    for (const booking of bookings) {
      expect(text).toContain(referenceOf(booking))
      expect(text).toContain(booking.created_at.toISOString().slice(0, 16).replace('T', ' '))
    }
  })

  it.each([40, 80])('of tokens in %i columns has whole ids', async (cols) => {
    const [token] = await db.sql<{ id: string }>('select id from api_tokens')
    const { lines, text } = await runAt(cols, ['token', 'list'])
    expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(cols)
    expect(text).toMatch(new RegExp(`${token!.id}.*the lobby.*box-office.*\\d\\d:\\d\\d UTC`, 's'))
  })
})

describe('a house of 400 rows', () => {
  let show: string
  beforeAll(async () => {
    show = await insertShow(db, { name: 'Arena', seats: 4000, seatsPerRow: 10 })
    await run('book', show, '--seats', '3991-4000')
  })

  it.each([40, 80])(
    'in %i columns shows its first rows, all counts, and how to see the rest',
    async (cols) => {
      const { code, text } = await runAt(cols, ['show', 'view', show])
      expect(code).toBe(0)
      expect(text).toMatch(/^ {2} ?AX {2}○/m)
      expect(text).not.toMatch(/^ {2} ?AY {2}○/m)
      expect(text).toMatch(/^ *↓ 350 /m)
      expect(text.replace(/\s+/g, ' ')).toMatch(/○ 3,990 [^◐]*◐ 0 [^●]*● 10 /)
      expect(text.replace(/\s+/g, ' ')).toEqual(withFacts('50', '400', '--watch', '| less'))
    },
  )

  it('is complete in a pipe', async () => {
    const { stdout, stderr } = await run('show', 'view', show)
    expect(stdout.match(/^ +[A-Z]+ {2}[○●]/gm)).toHaveLength(400)
    expect(stderr).toBe('')
  })
})

describe('a change', () => {
  it.each([
    [1, runInTerminal],
    [3, runAt],
    [5, runAt],
  ])('in a terminal of %i columns is made, printed, and exits with 0', async (cols, runIt) => {
    const run = async (...args: string[]) => {
      const { code, text } = await runIt(cols, args)
      expect([args, code, text]).toEqual([args, 0, expect.not.stringContaining('bug')])
      return text
    }
    const name = `Narrow ${cols}`
    const made = await run(
      ...['show', 'create', '--name', name, '--start-time', '2031-01-01T19:00Z'],
      ...['--total-seats', '30', '--seats-per-row', '5'],
    )
    const [row] = await db.sql<{ id: string }>('select id from shows where name = $1', [name])
    const { id } = row!
    expect(made).toContain(id)
    const booked = await run('book', id, '--seats', 'A1-A3', '--customer', 'Ada')
    const [sold] = await db.sql<{ reference: string; status: string }>(
      'select reference, status from bookings where show_id = $1',
      [id],
    )
    expect(sold!.status).toBe('CONFIRMED')
    const reference = `${sold!.reference.slice(0, 4)}-${sold!.reference.slice(4)}`
    expect(booked).toContain(reference)
    await run('book', id, '--count', '2', '--hold', '1h')
    await run('booking', 'move', reference, '--to', 'B1-B3')
    await run('booking', 'check-in', reference, '--seats', 'B1')
    await run('booking', 'check-in', reference, '--undo')
    await run('booking', 'print', reference)
    await run('booking', 'view', reference)
    await run('booking', 'cancel', reference, '-y')
    await run('show', 'edit', id, '--total-seats', '35')
    await run('show', 'copy', id, '--start-time', '2031-01-02T19:00Z', '--name', `Copy ${cols}`)
    for (const command of ['view', 'report']) await run('show', command, id)
    for (const list of [
      ['show', 'list'],
      ['booking', 'list'],
      ['history', '--show', id],
    ]) {
      await run(...list)
    }
    await run('show', 'cancel', id, '-y', '--expect-bookings', '1')
    await run('verify', id)
    expect(
      await db.sql('select status from bookings where show_id = $1 order by id', [id]),
    ).toEqual([{ status: 'CANCELLED' }, { status: 'HELD' }])
  })
})
