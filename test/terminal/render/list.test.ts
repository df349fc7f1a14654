import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { stripVTControlCharacters } from 'node:util'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Io, openOutput } from '../../../src/terminal/io.js'
import { textWidth } from '../../../src/terminal/render/fit-text.js'
import { type ListFormat, writeList } from '../../../src/terminal/render/list.js'
import type { Column } from '../../../src/terminal/render/table.js'
import { fitWidths } from '../../../src/terminal/render/table.js'

interface Show {
  name: string
  free: number
}

const columns: Column<Show>[] = [
  { title: 'Show', field: 'name', cell: ({ name }) => name, weight: 1, minWidth: 10 },
  { title: 'Zone', cell: () => 'Europe/London', optional: true },
  {
    title: 'Free',
    field: 'available_seats',
    align: 'right',
    cell: ({ free }) => (free === 0 ? 'sold out' : free.toLocaleString('en-GB')),
    value: ({ free }) => String(free),
    tone: ({ free }) => (free === 0 ? 'bad' : 'good'),
  },
]

const shows: Show[] = [
  { name: 'The Lion King', free: 61 },
  { name: '=cmd\t"x"\u001b[2J', free: 0 },
  { name: 'オペラ座の怪人 น้ำพริก e\u0301t\u00e9', free: 1200 },
]

interface Setting {
  format?: ListFormat
  isTerminal?: boolean
  json?: boolean
  width?: number
  env?: Io['env']
  sectionOf?: (show: Show) => string | undefined
}

async function written(rows: Show[], setting: Setting = {}) {
  const stdout = Object.assign(new PassThrough(), {
    isTTY: setting.isTerminal ?? false,
    columns: setting.width ?? 80,
  })
  const stderr = new PassThrough()
  const io = { stdin: new PassThrough(), stdout, stderr, env: setting.env ?? {} }
  const output = openOutput(io as unknown as Io, {
    json: setting.json ?? false,
    quiet: false,
    input: true,
    color: true,
  })
  const texts = Promise.all([buffer(stdout), buffer(stderr)])
  const { format, sectionOf } = setting
  const options = {
    format,
    columns,
    toJson: (show: Show) => show,
    ...(sectionOf && { sectionOf }),
  }
  await writeList(output, { ...options, ifEmpty: 'No shows yet.' }, stream(rows))
  stdout.end()
  stderr.end()
  const [out, err] = await texts
  return { out: out.toString(), err: err.toString() }
}

async function* stream<Row>(rows: Iterable<Row>): AsyncGenerator<Row> {
  yield* rows
}

describe('a list', () => {
  test('in a pipe is tab-separated, with one line for each row, and without a header, colour or truncation', async () => {
    const { out } = await written(shows, { env: { FORCE_COLOR: '1' } })
    expect(out.split('\n')).toEqual([
      'The Lion King\tEurope/London\t61',
      '=cmd\\t"x"\\u{1b}[2J\tEurope/London\t0',
      'オペラ座の怪人 น้ำพริก e\u0301t\u00e9\tEurope/London\t1200',
      '',
    ])
  })

  test('under --json is one array, streamed', async () => {
    const { out } = await written(shows, { json: true, isTerminal: true })
    expect(JSON.parse(out)).toEqual(shows)
    expect(out.endsWith(']\n')).toBe(true)
  })

  test('without rows is [] for programs, a header for CSV, and a hint for people', async () => {
    expect(await written([], { json: true })).toEqual({ out: '[]\n', err: 'No shows yet.\n' })
    expect((await written([], { format: 'ndjson' })).out).toBe('')
    expect((await written([], { format: 'csv' })).out).toBe('name,Zone,available_seats\n')
    expect((await written([], { isTerminal: true })).out).toBe('')
  })

  test('as NDJSON is one document on each line', async () => {
    const { out } = await written(shows, { format: 'ndjson' })
    const lines = out.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual(shows)
  })

  test('as CSV in a file keeps the text, and disarms formulas', async () => {
    const { out } = await written(shows, { format: 'csv' })
    const rows = parse(out, { columns: true }) as Record<string, string>[]
    expect(rows.map(({ name }) => name)).toEqual([
      'The Lion King',
      `'=cmd\t"x"\u001b[2J`,
      shows[2]!.name,
    ])
    expect(rows.map((row) => row.available_seats)).toEqual(['61', '0', '1200'])
  })

  test('as CSV on a terminal prints no control characters', async () => {
    const { out } = await written(shows, { format: 'csv', isTerminal: true })
    expect(out).not.toContain('\u001b')
  })

  test('on a terminal is a table with a light rule under its header', async () => {
    const { out } = await written(shows, { isTerminal: true, env: { NO_COLOR: '1' } })
    expect(out).toBe(
      [
        'Show                      Zone               Free',
        '────────────────────────  ─────────────  ────────',
        'The Lion King             Europe/London        61',
        '=cmd\\t"x"\\u{1b}[2J        Europe/London  sold out',
        'オペラ座の怪人 น้ำพริก e\u0301t\u00e9  Europe/London     1,200',
        '',
      ].join('\n'),
    )
  })

  test.each([24, 40, 80, 120])(
    'as a table fits %i columns, with lines of one width',
    async (width) => {
      const { out } = await written(shows, { isTerminal: true, width })
      const widths = stripVTControlCharacters(out).trimEnd().split('\n').map(textWidth)
      expect(new Set(widths.slice(1)).size).toBe(1)
      expect(widths[1]).toBeLessThanOrEqual(width)
      expect(out.includes('Zone')).toBe(width >= 40)
    },
  )

  test('as a table too narrow for its columns has several lines for each row, and cuts nothing', async () => {
    const { out } = await written(shows, { isTerminal: true, width: 19, env: { NO_COLOR: '1' } })
    expect(out).toBe(
      [
        'The Lion King',
        '  Zone',
        '  Europe/London',
        '  Free 61',
        '=cmd\\t"x"\\u{1b}[2J',
        '  Zone',
        '  Europe/London',
        '  Free sold out',
        'オペラ座の怪人',
        '  น้ำพริก e\u0301t\u00e9',
        '  Zone',
        '  Europe/London',
        '  Free 1,200',
        '',
      ].join('\n'),
    )
  })

  test('as a table in a pipe, if asked for, is plain', async () => {
    const { out } = await written(shows, { format: 'table', env: { COLUMNS: '40' } })
    expect(out).toMatch(/^Show .*\n──/)
    expect(out).not.toContain('\u001b')
    expect(Math.max(...out.split('\n').map(textWidth))).toBeLessThanOrEqual(40)
  })

  test('longer than a page has one header, and a later number is never cut', async () => {
    const many = Array.from({ length: 1201 }, (_, index) => ({
      name: `Show ${index}`,
      free: index < 1000 ? 7 : 100_000,
    }))
    const { out } = await written(many, { format: 'table' })
    const lines = out.trimEnd().split('\n')
    expect(lines.length).toBe(1203)
    expect(out.match(/^Show +Zone/gm)?.length).toBe(1)
    expect(lines.at(-1)).toMatch(/^Show 1200 .*100,000$/)
  })

  test.each([0, 1, 499, 500, 501, 1200])(
    'names a section once, before its first row, which is row %i, and below the header',
    async (first) => {
      const many = Array.from({ length: 1201 }, (_, index) => ({ name: `Show ${index}`, free: 7 }))
      const isPast = ({ name }: Show) => Number(name.slice('Show '.length)) >= first
      const sectionOf = (show: Show) => (isPast(show) ? 'Past shows' : undefined)
      const { out } = await written(many, { format: 'table', sectionOf })
      const lines = out.trimEnd().split('\n')
      expect(lines.slice(0, 2).join('\n')).toMatch(/^Show .*\n──/)
      const title = first === 0 ? ['Past shows'] : ['', 'Past shows']
      expect(lines.slice(2 + first).slice(0, title.length)).toEqual(title)
      const rows = lines.slice(2).filter((line) => !title.includes(line))
      expect(rows.map((line) => line.split('  ')[0])).toEqual(many.map(({ name }) => name))
    },
  )

  test('has no sections in other formats', async () => {
    const sectionOf = () => 'Past shows'
    for (const setting of [{}, { format: 'csv' as const }, { json: true }]) {
      expect((await written(shows, { ...setting, sectionOf })).out).not.toContain('Past shows')
    }
  })

  test('closes its rows when writing fails', async () => {
    const stdout = new PassThrough()
    const io = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), env: {} }
    const choice = { json: false, quiet: false, input: true, color: true }
    const output = openOutput(io as unknown as Io, choice)
    stdout.destroy(Object.assign(new Error('full'), { code: 'ENOSPC' }))
    let isClosed = false
    async function* endless() {
      try {
        for (;;) yield { name: 'x'.repeat(1000), free: 1 }
      } finally {
        isClosed = true
      }
    }
    await writeList(output, { columns, toJson: (show) => show }, endless()).catch(() => {})
    expect(isClosed).toBe(true)
  })
})

describe('fitWidths', () => {
  const column = fc.record({
    weight: fc.constantFrom(0, 1, 3),
    minWidth: fc.integer({ min: 1, max: 12 }),
    optional: fc.boolean(),
    natural: fc.integer({ min: 1, max: 60 }),
  })
  const columnLists = fc.array(column, { minLength: 1, maxLength: 8 })

  test('keeps within the terminal, cuts no column without a weight, and none below its minimum', () => {
    fc.assert(
      fc.property(columnLists, fc.integer({ min: 1, max: 200 }), (all, total) => {
        const natural = all.map((one) => one.natural)
        const widths = fitWidths(all, natural, total)
        const least = all.map((one) =>
          one.weight ? Math.min(one.minWidth, one.natural) : one.natural,
        )
        const needed = all.flatMap(({ optional }, index) => (optional ? [] : [least[index]!]))
        if (widths === undefined) {
          expect(spanOf(needed)).toBeGreaterThan(total)
          return
        }
        expect(spanOf(widths)).toBeLessThanOrEqual(total)
        for (const [index, width] of widths.entries()) {
          if (width === 0) expect(all[index]!.optional).toBe(true)
          else expect(width).toBeGreaterThanOrEqual(least[index]!)
        }
      }),
    )
  })

  test('narrows the columns with a weight before the others', () => {
    const all = [{ weight: 1, minWidth: 5 }, {}, { weight: 1, minWidth: 5 }]
    expect(fitWidths(all, [20, 10, 8], 30)).toEqual([8, 10, 8])
  })
})

function spanOf(widths: number[]): number {
  const shown = widths.filter((width) => width > 0)
  return shown.reduce((sum, width) => sum + width, 0) + 2 * Math.max(0, shown.length - 1)
}
