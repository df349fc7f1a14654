import { userInfo } from 'node:os'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { contradictions } from '../../../support/replay.js'
import { insertShow } from '../../../support/shows.js'

let db: TestDatabase
let show: string
let other: string
let reference: string
const run = (args: string[], env = {}) => runInProcess(args, { DATABASE_URL: db.url, ...env })
const json = async (args: string[], env = {}) => (await run([...args, '--json'], env)).json()

beforeAll(async () => {
  db = await cloneDatabase()
  show = await insertShow(db, { seats: 20, seatsPerRow: 10, name: 'Cats' })
  other = await insertShow(db, { seats: 20, seatsPerRow: 5, name: 'Evita' })
  reference = (
    await json(['book', show, '--seats', 'A1-A2', '--hold', '1h', '--operator', 'Ada Å'])
  ).reference // With a space.
  await run(['booking', 'confirm', reference], { TICKETS_OPERATOR: 'ben' })
  await run(['booking', 'move', reference, '--to', 'A2-A3'])
  await run(['booking', 'move', reference, '--to', '7-8', '--to-show', other])
  await run(['booking', 'check-in', reference, '--seats', '7'])
  await run(['booking', 'check-in', reference, '--undo'])
  await run(['booking', 'cancel', reference, '--reason', 'ill', '-y'])
})
afterAll(() => db.drop())

const actions = async (...args: string[]) =>
  (await json(['history', ...args])).map(({ action }: { action: string }) => action)

describe('the history shows', () => {
  it('the change, the operator and the command: the flag, else the environment, else the login', async () => {
    const events = await json(['history', '--booking', reference])
    const login = userInfo().username
    expect(
      events.map((event: Record<string, unknown>) => [event.action, event.operator, event.command]),
    ).toEqual([
      ['held', 'Ada Å', 'book'],
      ['confirmed', 'ben', 'booking confirm'],
      ['moved', login, 'booking move'],
      ['moved', login, 'booking move'],
      ['checked in', login, 'booking check-in'],
      ['check-in undone', login, 'booking check-in'],
      ['cancelled', login, 'booking cancel'],
    ])
    expect(events[2]).toMatchObject({
      reference,
      before: { seats: [1, 2], status: 'CONFIRMED' },
      after: { seats: [2, 3] },
    })
    expect(events[6].after).toMatchObject({ cancel_reason: 'ill', cancelled_seats: [7, 8] })
  })

  it('the events of a seat, also after its booking moved to another show', async () => {
    expect(await actions('--show', show, '--seat', 'A1')).toEqual(['held', 'confirmed', 'moved'])
    expect(await actions('--show', show, '--seat', 'A3')).toEqual(['moved', 'moved'])
    expect(await actions('--show', show, '--seat', '7')).toEqual([])
    // B2, with five seats in a row.
    expect(await actions('--show', other, '--seat', 'B2')).toEqual([
      'moved',
      'checked in',
      'check-in undone',
      'cancelled',
    ])
  })

  it('the events of a show and of its bookings, including those that moved to another show', async () => {
    await run(['show', 'edit', show, '--name', 'Cats II'])
    expect(await actions('--show', show)).toEqual([
      'created',
      'held',
      'confirmed',
      'moved',
      'moved',
      'edited',
    ])
    const { stdout } = await run(['show', 'view', show, '--history'])
    expect(stdout).toContain('name: Cats → Cats II')
    expect(stdout.trimEnd().split('\n')).toHaveLength(6)
    const csv = await run(['history', '--show', show, '-o', 'csv'])
    expect(csv.stdout).toMatch(/^at,action,reference,what,operator,command,login\n/)
  })

  it('the login that made the change, in every format, regardless of the operator', async () => {
    const { user } = inject('server')
    const cats = await insertShow(db, { name: 'Cats, by night' })
    await run(['book', cats, '--seats', '1'], { TICKETS_OPERATOR: 'the owner' })
    const all = ['history', '--show', cats]
    expect(await json(all)).toMatchObject([
      { action: 'created', operator: null, login: user },
      { action: 'confirmed', operator: 'the owner', login: user },
    ])
    const texts = await Promise.all(
      ['csv', 'table'].map(async (format) => (await run([...all, '-o', format])).stdout),
    )
    const [csv, table] = texts.map((text) => text.trimEnd().split('\n'))
    expect(csv!.at(-1)).toMatch(new RegExp(`,the owner,book,${user}$`))
    expect(table![0]).toMatch(/ WHO +COMMAND +LOGIN *$/)
    expect(table!.at(-1)).toMatch(new RegExp(` the owner +book +${user} *$`))
    const tabbed = (await run(all)).stdout.trimEnd().split('\n')
    expect(tabbed.at(-1)!.split('\t').slice(-3)).toEqual(['the owner', 'book', user])
  })

  it('the events of a booking, for people, in the time zone of its show', async () => {
    const { stdout } = await run(['booking', 'view', reference])
    expect(stdout).toMatch(/confirmed {2}ben, booking confirm/)
    // Seats of the show that it left have the labels of that house.
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/A2-A3 of show [0-9a-f]{8} → B2-B3/)
    const view = await json(['booking', 'view', reference])
    expect(view.history).toHaveLength(7)
    expect(view).toMatchObject({ status: 'CANCELLED', show_name: 'Evita', admitted_seats: [] })
  })

  it('page by page, without a gap or a repetition', async () => {
    const busy = await insertShow(db, { seats: 5, name: 'Busy' })
    await db.sql(
      `insert into bookings (id, reference, show_id, status, seats)
       select gen_random_uuid(), translate(lpad(n::text, 8, 'X'), '01', 'AB'), $1, 'CANCELLED', '{1}'
       from generate_series(1, 2500) n`,
      [busy],
    )
    const events = await json(['history', '--show', busy])
    expect(events).toHaveLength(2501)
    const ids = events.map(({ id }: { id: number }) => id)
    expect(ids).toEqual([...new Set<number>(ids)].sort((a, b) => a - b))
  })
})

describe('the history cannot be changed', () => {
  it.each([
    `update history set operator = 'nobody'`,
    'delete from history',
    'truncate history',
    `update history set operator = 'nobody' where false`,
  ])('%s', async (statement) => {
    await expect(db.sql(statement)).rejects.toThrow('append-only')
  })

  it('no change of a booking, a check-in or a show is without an event, not even in SQL', async () => {
    const { id, reference: name } = await json(['book', show, '--seats', 'B5', '--key', 'k'])
    const counted = async () =>
      Number((await db.sql<{ count: string }>('select count(*) from history'))[0]!.count)
    for (const statement of [
      `update bookings set customer = 'Eve' where id = '${id}'`,
      `update bookings set held_until = null, note = 'x' where id = '${id}'`,
      `update bookings set seats = '{16}' where id = '${id}'`,
      `insert into admissions (show_id, seat, booking_id) values ('${show}', 16, '${id}')`,
      `delete from admissions`,
      `update bookings set seats = '{15}' where id = '${id}'`,
      `update shows set total_seats = 21, booked_seats = booked_seats where id = '${show}'`,
      `update shows set cancelled_at = now() where id = '${other}'`,
    ]) {
      const before = await counted()
      await db.sql(statement)
      expect([statement, await counted()]).toEqual([statement, before + 1])
    }
    expect(await contradictions(db)).toEqual([])
    await run(['booking', 'cancel', name, '-y'])
    await db.sql('delete from bookings where id = $1', [id])
    expect(await contradictions(db)).toEqual([])
    const last = await db.sql('select action from history order by id desc limit 1')
    expect(last).toEqual([{ action: 'deleted' }])
  })

  it('a show can be deleted from the database only with an event, which remains', async () => {
    const empty = await insertShow(db, { name: 'Nobody came' })
    await db.sql('delete from shows where id = $1', [empty])
    const events = await db.sql('select action from history where show_id = $1 order by id', [
      empty,
    ])
    expect(events).toEqual([{ action: 'created' }, { action: 'deleted' }])
  })
})

it('an operator without a name, or a seat without a show, is refused', async () => {
  const ran = await Promise.all([
    run(['booking', 'view', reference, '--operator', ' ']),
    run(['booking', 'view', reference], { TICKETS_OPERATOR: 'x'.repeat(201) }),
    run(['history', '--seat', 'A1']),
    run(['history', '--booking', reference, '--show', show]),
    run(['history', '--show', show, '--seat', 'A1-A2']),
    run(['history', '--show', show, '--seat', 'Z9']),
  ])
  expect(ran.map(({ exitCode }) => exitCode)).toEqual([2, 2, 2, 2, 2, 3])
})
