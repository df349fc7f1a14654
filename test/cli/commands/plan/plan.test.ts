import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tickets } from '../../../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../../../support/database.js'
import { runInProcess } from '../../../support/in-process.js'
import { withFacts } from '../../../support/wording.js'

const globe = `name: Globe
stage: bottom

section Stalls
A  1-6 . 7-14
C  w1 c2 3-6

section Circle
AA  x1-2 3-12 r13-14
`

let directory: string
const at = (name: string) => join(directory, name)

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tickets-plan-'))
  await writeFile(at('globe.plan'), globe)
  await writeFile(at('wrong.plan'), 'A 1-6 q7\nA 1\nname: Late\n')
  await writeFile(at('wrong.csv'), 'row,seat\nA,1\nA,one\n')
  await writeFile(at('wrong.json'), '{"name": "N",\n "zones": [{"rows": 5, }]}')
  await writeFile(at('zones.json'), '{"name":"N","zones":[{"position":{"x":0,"y":0}}]}')
  await writeFile(at('latin.plan'), Buffer.from([0x41, 0x20, 0xe9]))
  await writeFile(at('price.csv'), 'row;seat;price\nA;1;20\n')
})
afterAll(() => rm(directory, { recursive: true, force: true }))

describe('plan check', () => {
  it('counts the seats of a plan by section and kind: exit code 0', async () => {
    const ran = await runInProcess(['plan', 'check', at('globe.plan')])
    expect(ran).toEqual({
      ...{ exitCode: 0, stderr: '', json: expect.any(Function) },
      stdout: [
        '✓ Globe: 32 seats.',
        '  Stalls: 20 seats, 1 wheelchair, 1 companion',
        '  Circle: 12 seats, 2 not for sale, 2 restricted',
        '',
      ].join('\n'),
    })
    expect((await runInProcess(['plan', 'check', at('globe.plan'), '--json'])).json()).toEqual({
      ...{ ok: true, name: 'Globe', stage: 'bottom', total_seats: 32, faults: [], notices: [] },
      sections: [
        {
          name: 'Stalls',
          rows: 2,
          seats: 20,
          kinds: { standard: 18, wheelchair: 1, companion: 1 },
        },
        {
          ...{ name: 'Circle', rows: 1, seats: 12 },
          kinds: { 'not for sale': 2, standard: 10, restricted: 2 },
        },
      ],
    })
  })

  it.each([
    ['wrong.plan', [/:1:7: /, /:2:1: /, /:3:1: /]],
    ['wrong.csv', [/:3:seat: "one"/]],
    ['wrong.json', [/:2:24: .*JSON/]],
    ['zones.json', [/:zones\[0\]\.rows: rows/]],
    ['latin.plan', [/: .*UTF-8/]],
  ])('reports every error in %s with its place: exit code 7', async (file, faults) => {
    const ran = await runInProcess(['plan', 'check', at(file)])
    expect(ran).toMatchObject({ exitCode: 7, stderr: '' })
    const lines = ran.stdout.trimEnd().split('\n')
    expect(lines).toEqual([
      ...faults.map((fault) => expect.stringMatching(fault)),
      withFacts('✗', at(file), `${faults.length}`),
    ])
    const { ok, faults: found } = (await runInProcess(['plan', 'check', at(file), '--json'])).json()
    expect([ok, found.length]).toEqual([false, faults.length])
  })

  it('names what is ignored', async () => {
    const ran = await runInProcess(['plan', 'check', at('price.csv')])
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
    expect(ran.stdout).toMatch(/^✓ .*price\.csv: 1 seat\.\n {2}1 seat\n! .*"price".*\n$/)
  })

  it('exits with 2 for a missing file', async () => {
    for (const command of ['check', 'print']) {
      const ran = await runInProcess(['plan', command, at('none.plan')])
      expect(ran).toMatchObject({ exitCode: 2, stdout: '' })
      expect(ran.stderr).toMatch(/^✗ ".*none\..*" [^\n]+\.\n$/)
    }
  })
})

describe('plan print', () => {
  it('draws the plan like the seat map, in 80 columns', async () => {
    const ran = await runInProcess(['plan', 'print', at('globe.plan')], { COLUMNS: '80' })
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
    expect(ran.stdout).toMatch(/Circle\n.* AA .*Stalls\n *C .*\n *A .* STAGE /s)
    expect(Math.max(...ran.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  it('writes the plan in each format, and reads it again from a pipe', async () => {
    for (const format of ['text', 'json', 'csv']) {
      const written = await tickets(['plan', 'print', at('globe.plan'), '-o', format])
      const again = await tickets(['plan', 'print', '-', '-o', 'text'], {
        stdin: 'pipe',
        input: written.stdout,
      })
      expect([format, again]).toMatchObject([format, { exitCode: 0, stderr: '' }])
      expect(`${again.stdout}\n`).toBe(globe)
    }
  })

  it('writes one JSON document under --json, and no other format', async () => {
    const ran = await runInProcess(['plan', 'print', at('globe.plan'), '--json'])
    expect(ran.json()).toMatchObject({
      name: 'Globe',
      zones: [{ name: 'Stalls' }, { name: 'Circle' }],
    })
    const both = await runInProcess(['plan', 'print', at('globe.plan'), '--json', '-o', 'csv'])
    expect(both.json().error).toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('refuses a wrong plan with its first error, and says what is ignored', async () => {
    const ran = await runInProcess(['plan', 'print', at('wrong.plan')])
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' })
    expect(ran.stderr).toMatch(/wrong\.plan:1:7: .* 2 .*plan check/)
    const price = await runInProcess(['plan', 'print', at('price.csv'), '-o', 'text'])
    expect(price).toMatchObject({
      stdout: 'A  1\n',
      stderr: expect.stringMatching(/^.*"price".*\n$/),
    })
  })
})

describe('plan print of a show', () => {
  let db: TestDatabase
  const run = (...args: string[]) => runInProcess(args, { DATABASE_URL: db.url })
  const create = (...args: string[]) =>
    run('show', 'create', '--start-time', '2031-03-01T19:30Z', ...args)
  beforeAll(async () => {
    db = await cloneDatabase()
  })
  afterAll(() => db.drop())

  it('writes the plan with which the show was created, from a file of any format', async () => {
    for (const format of ['text', 'json', 'csv']) {
      const file = at(`as-${format}`)
      await writeFile(file, (await run('plan', 'print', at('globe.plan'), '-o', format)).stdout)
      expect(await create('--name', `In ${format}`, '--plan', file)).toMatchObject({ exitCode: 0 })
      const printed = await run('plan', 'print', `In ${format}`, '-o', 'text')
      expect(printed).toMatchObject({ exitCode: 0, stdout: globe, stderr: '' })
    }
    expect(await db.sql('select id from plans')).toHaveLength(1)
  })

  it('refuses a show without a plan, and names a missing show or file', async () => {
    await create('--name', 'Hamlet', '--total-seats', '20', '--seats-per-row', '10')
    for (const [name, exitCode] of Object.entries({ Hamlet: 4, Othello: 3, 'othello.plan': 2 })) {
      expect([name, await run('plan', 'print', name)]).toMatchObject([
        name,
        { exitCode, stdout: '' },
      ])
    }
    const wrong = await create('--name', 'Wrong', '--plan', at('wrong.csv'))
    expect(wrong).toMatchObject({ exitCode: 2, stdout: '' })
    expect(wrong.stderr).toMatch(/wrong\.csv:3:seat: "one"/)
  })
})
