import { describe, expect, it } from 'vitest'
import { type FileChoice, readBookingFile } from '../../../src/booking/import/booking-file.js'
import { inOrder } from '../../../src/booking/import/in-order.js'
import { TicketsError } from '../../../src/shared/errors.js'
import { expectWording, withFacts } from '../../support/wording.js'

/** Reads a file in chunks of `size` bytes: [line, request or error message]. */
async function read(text: string | Buffer, choice: FileChoice = { show: 'Cats' }, size = 7) {
  const bytes = Buffer.from(text)
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const rows = []
  for await (const batch of readBookingFile(chunks(), choice)) rows.push(...batch)
  return rows.map(({ line, parsed }) =>
    parsed instanceof TicketsError ? [line, `${parsed.code}: ${parsed.message}`] : [line, parsed],
  )
}

const booking = (request: object, show = 'Cats') => expect.objectContaining({ show, request })
const wrong = (...facts: string[]) => withFacts('INVALID_INPUT', ...facts)

const wrongLines: [line: string, ...facts: string[]][] = [
  ['{"seats":"1","count":1}', 'seats', 'count'],
  ['{"customer":"Ada"}', 'seats', 'count'],
  ['{"seats":1}', 'seats', '1,2,5-8'],
  ['{"seats":"1-"}', '"1-"'],
  ['{"seats":"1;;3"}', '"1;;3"'],
  ['{"seats":"1,,2"}', '1,2,5-8'],
  ['{"seats":" "}', '1,2,5-8'],
  ['{"count":0}', 'count', '1'],
  ['{"count":"1e3"}', 'count', '1'],
  ['{"count":1,"key":7}', 'key'],
  ['{"count":1,"hold":"0s"}', '15m', '2h', 'forever'],
  ['{"count":1,"hold":"soon"}', '"soon"', '500ms'],
  ['{"count":1,"__proto__":{}}', '"__proto__"'],
  ['{"count":1,"show":"Dogs"}'],
  ['{"seats":"1","seats":"2"}', '"seats"'],
  ['{"count":1,"note":"a \\"note\\": b","n\\u006fte" : "c"}', '"note"'],
  ['"count"', 'JSON'],
  ['{"count":1', 'JSON'],
]

describe('CSV', () => {
  it('returns every field, quoted or not, with the number of the line where its row begins', async () => {
    const file = [
      '\ufeffShow, seats ,count,customer,note,key,hold\r',
      'Cats,"1,2",,Ada,"likes ""aisles""\r',
      'and rows",k1,15m\r',
      '\r',
      '"Cats, the show", ,3,Zoë,,,forever',
      'Cats, "A1-A4" ,,,,,',
    ]
    expect(await read(file.join('\n'), {})).toEqual([
      [
        2,
        booking({
          seats: '1,2',
          customer: 'Ada',
          note: 'likes "aisles"\nand rows',
          key: 'k1',
          hold: 900_000,
        }),
      ],
      [5, booking({ count: 3, customer: 'Zoë', hold: 'forever' }, 'Cats, the show')],
      [6, booking({ seats: 'A1-A4' })],
    ])
  })

  it('loses only the bad row: a stray quote, a missing quote, a missing column', async () => {
    const file = ['seats,customer', '1,5" x', '2,Ada', '3,"Bob', '4,"Cy"', '5', '6,"Di"x', '7,Ed']
    expect(await read(file.join('\n'))).toEqual([
      [2, wrong('""')],
      [3, booking({ seats: '2', customer: 'Ada' })],
      [4, wrong('""')],
      [5, booking({ seats: '4', customer: 'Cy' })],
      [6, wrong('2', '1')],
      [7, wrong('""')],
      [8, booking({ seats: '7', customer: 'Ed' })],
    ])
  })

  const refused: [text: string | Buffer, FileChoice, ...facts: string[]][] = [
    ['', {}, 'seats'],
    ['show,seats,price\n', {}, '"price"'],
    ['show;seats;price\n', {}, '"price"'],
    ['show|seats\n', {}, "'|'"],
    ['Show : Seats\n', {}, "':'"],
    [',,,\n', {}, 'seats'],
    ['sep=;\n', {}, 'seats'],
    ['show,seats,seats\n', {}, '"seats"'],
    ['show,customer\n', {}, 'seats', 'count'],
    ['seats\n', {}, 'show'],
    ['show,seats\n', { show: 'Cats' }, 'show'],
    ['[{"seats":"1"}]', {}, 'JSON'],
    [Buffer.from('\ufeffshow,seats\n', 'utf16le'), {}, 'UTF-16', 'UTF-8'],
    [Buffer.from('show,seats\n', 'utf16le'), {}, 'UTF-16', 'UTF-8'],
    [Buffer.from('\r\nshow,seats\r\n', 'utf16le'), {}, 'UTF-16', 'UTF-8'],
    [Buffer.from('\ufeffshow\tseats\r\n', 'utf16le').swap16(), {}, 'UTF-16', 'UTF-8'],
    [Buffer.from('\n{"count":1}', 'utf16le').swap16(), { format: 'ndjson' }, 'UTF-16', 'UTF-8'],
  ]
  it.each(refused)('%j is refused as a whole', async (text, choice, ...facts) => {
    await expect(read(text, choice)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: withFacts(...facts),
    })
  })

  it('is refused with the messages in test/wording/booking-file.txt', async () => {
    const whole = refused.map(
      async ([text, choice]) =>
        [
          `${text instanceof Buffer ? 'UTF-16' : text} ${JSON.stringify(choice)}`,
          await read(text, choice).then(String, (error: Error) => error.message),
        ] as const,
    )
    const rows = ['1,5" x', '5', 'a,b,c,d', ...wrongLines.map(([line]) => line)].map(
      async (row) => {
        const file = row.startsWith('{') || row.startsWith('"') ? row : `seats,customer\n${row}`
        const [[, sentence]] = (
          await read(`${file.startsWith('"') ? '{"count":1}\n' : ''}${file}`)
        ).slice(-1) as [[number, string]]
        return [row, sentence] as const
      },
    )
    return expectWording('booking-file', await Promise.all([...whole, ...rows]))
  })
})

describe('CSV as spreadsheets write it', () => {
  const rows = [
    ['seats', 'customer', 'note'],
    ['A1', 'Ada', ''],
    ['', '', ''],
    ['A2', 'Bob "B." Ray', ''],
    ['A3', '', 'near the door'],
    ['', '', ''],
  ]
  const expected = [
    [2, booking({ seats: 'A1', customer: 'Ada' })],
    [4, booking({ seats: 'A2', customer: 'Bob "B." Ray' })],
    [5, booking({ seats: 'A3', note: 'near the door' })],
  ]
  const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`
  const quotedIfNeeded = (field: string) => (/["\n]/.test(field) ? quoted(field) : field)
  const spaced = (field: string) => ` ${quotedIfNeeded(field)} `

  const ways = [',', ';', '\t'].flatMap((separator) =>
    ['\n', '\r\n', '\r', '\r\r\n'].flatMap((end) =>
      [quoted, quotedIfNeeded, spaced].map((write) => ({ separator, end, write })),
    ),
  )

  it.each(ways)(
    '$separator, $end, $write.name: each row, with its line',
    async ({ separator, end, write }) => {
      const text = (lines: string[][]) =>
        lines.map((fields) => fields.map(write).join(separator)).join(end)
      const declared = `sep=${separator}${end}`
      const wide = rows.map((fields) => [...fields, '', ''])
      const led = rows.map((fields) => ['', ...fields])
      const later = expected.map(([line, row]) => [(line as number) + 1, row])
      for (const size of [1, 2, 3, 7, 64, 65_536]) {
        const readAs = (file: string) => read(file, { show: 'Cats' }, size)
        expect(await readAs(text(rows))).toEqual(expected)
        expect(await readAs(`\ufeff${text(rows)}${end}`)).toEqual(expected)
        expect(await readAs(text(wide))).toEqual(expected)
        expect(await readAs(text(led))).toEqual(expected)
        expect(await readAs(declared + text(rows))).toEqual(later)
        expect(await readAs(`\ufeff${declared}${text(wide)}`)).toEqual(later)
        expect(await readAs(text([['', '', ''], ...rows]))).toEqual(later)
      }
    },
  )

  it('a stray quote makes only its own line fail, with any separator and line end', async () => {
    for (const { separator, end } of ways) {
      const lines = [
        ['seats', 'customer'],
        ['1', '5" x'],
        ['2', 'Ada'],
        ['3', '"Bob'],
        ['4', '"Cy"'],
        ['6', '"Di"x'],
        ['7', 'Ed'],
      ]
      const file = lines.map((fields) => fields.join(separator)).join(end)
      expect(await read(file)).toEqual([
        [2, wrong('""')],
        [3, booking({ seats: '2', customer: 'Ada' })],
        [4, wrong('""')],
        [5, booking({ seats: '4', customer: 'Cy' })],
        [6, wrong('""')],
        [7, booking({ seats: '7', customer: 'Ed' })],
      ])
    }
  })

  it.each([
    ['that nothing closes', '5,Ed'],
    ['that another one seems to close', '5,Ed"'],
  ])('a stray quote %s makes no other line of a file of 60 fail', async (_, later) => {
    const rows = Array.from({ length: 60 }, (_, i) => `${i + 1},Ada`)
    rows[1] = '2,"Bob'
    rows[57] = later
    const file = ['seats,customer', ...rows].join('\n')
    expect(await read(file)).toEqual(
      rows.map((row, i) => {
        const [seats, customer] = row.split(',')
        return [i + 2, row.includes('"') ? wrong('""') : booking({ seats, customer })]
      }),
    )
  })

  it('needs no quotes around seats if the separator is not a comma; sep= decides for one column', async () => {
    expect(await read('seats;customer\n1,2;Ada')).toEqual([
      [2, booking({ seats: '1,2', customer: 'Ada' })],
    ])
    expect(await read('sep=;\n\nseats\n1,2')).toEqual([[4, booking({ seats: '1,2' })]])
    // If the header contradicts the sep= line, the header wins.
    expect(await read('sep=;\nseats,customer\n1,Ada')).toEqual([
      [3, booking({ seats: '1', customer: 'Ada' })],
    ])
  })

  it('keeps a tab or a CR that is part of a field, and the empty field before a quoted one', async () => {
    expect(await read('seats,customer,note\n1,A\tB,"x\ry"\n')).toEqual([
      [2, booking({ seats: '1', customer: 'A\tB', note: 'x\ry' })],
    ])
    expect(await read('seats\tcustomer\tnote\n1\t\t"x"\n')).toEqual([
      [2, booking({ seats: '1', note: 'x' })],
    ])
  })

  it('reads a cell with several lines as part of one row if CR ends rows and LF breaks lines in cells', async () => {
    expect(await read('seats,note\r1,"a\nb"\r2,c\r')).toEqual([
      [2, booking({ seats: '1', note: 'a\nb' })],
      [4, booking({ seats: '2', note: 'c' })],
    ])
  })

  it('accepts rows without their empty last fields, but no value without a column', async () => {
    expect(await read('seats,customer,,\n1,Ada\n2,Bob,\n1,2,Cy,\n3\n4,Di,,,')).toEqual([
      [2, booking({ seats: '1', customer: 'Ada' })],
      [3, booking({ seats: '2', customer: 'Bob' })],
      [4, wrong('3', '"Cy"', '"1,2"')],
      [5, wrong('4', '1')],
      [6, wrong('4', '5')],
    ])
    const [[, sentence]] = (await read('seats;customer\n1;2;Cy')) as [[number, string]]
    expect(sentence).toEqual(wrong('2', '3'))
    expect(sentence).not.toContain('"1,2"')
  })

  it('counts the bytes of each row, with any line end', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const file = ['seats', '1', '2'].join(end)
      async function* chunks() {
        for (const byte of Buffer.from(file)) yield Buffer.from([byte])
      }
      const ends = []
      for await (const batch of readBookingFile(chunks(), { show: 'Cats' })) {
        ends.push(...batch.map((row) => row.end))
      }
      expect(ends).toEqual([6 + 2 * end.length, file.length])
    }
  })
})

describe('NDJSON', () => {
  it('is recognized by its first character or chosen by name, and accepts strings, arrays and null', async () => {
    const file = [
      '',
      '  {"show":"Cats","seats":[2,1],"customer":null,"key":"a\u2028b"}',
      '{"show":"Cats","count":2,"hold":"2h"}',
    ]
    const rows = [
      [2, booking({ seats: [2, 1], key: 'a\u2028b' })],
      [3, booking({ count: 2, hold: 7_200_000 })],
    ]
    expect(await read(file.join('\n'), {})).toEqual(rows)
    expect(await read(file.join('\n'), { format: 'ndjson' })).toEqual(rows)
    expect(await read('', { format: 'ndjson' })).toEqual([])
  })

  it.each(wrongLines)(
    '%s is an error of its own row: the rows around it are read',
    async (text, ...facts) => {
      const good = '{"count":1}'
      expect(await read(`${good}\n${text}\n${good}`)).toEqual([
        [1, booking({ count: 1 })],
        [2, wrong(...facts)],
        [3, booking({ count: 1 })],
      ])
    },
  )

  it('rejects names that are not UTF-8, and does not keep an endless line in memory', async () => {
    const latin = Buffer.from('{"count":1,"customer":"Zo\xeb"}\n', 'latin1')
    const endless = Buffer.concat([Buffer.alloc(3_000_000, 'x'), Buffer.from('\n')])
    const file = Buffer.concat([latin, endless, Buffer.from('{"count":2}')])
    expect(await read(file, { format: 'ndjson', show: 'Cats' }, 65_536)).toEqual([
      [1, wrong('UTF-8')],
      [2, wrong('2 MB')],
      [3, booking({ count: 2 })],
    ])
  })
})

describe('inOrder', () => {
  it('keeps the order, and starts no more than the limit until a result is read', async () => {
    let begun = 0
    let underWay = 0
    let most = 0
    async function* numbers() {
      for (let n = 0; n < 100; n += 10) yield Array.from({ length: 10 }, (_, i) => n + i)
    }
    const results = inOrder(numbers(), {
      async work(n: number) {
        begun++
        most = Math.max(most, ++underWay)
        // In each group of ten, the later ones finish first.
        for (let turn = 0; turn < 10 - (n % 10); turn++) await new Promise(setImmediate)
        underWay--
        return n
      },
      weightOf: (n) => (n === 50 ? 99 : 1),
      limit: 8,
      signal: new AbortController().signal,
    })
    const first = await results.next()
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
    expect(begun).toBe(8 + first.value!.length)
    const rest = []
    for await (const ready of results) rest.push(...ready)
    expect([...first.value!, ...rest]).toEqual(Array.from({ length: 100 }, (_, i) => i))
    expect(most).toBe(8)
  })

  it('starts nothing more after it is stopped, and yields the results of what was started', async () => {
    const stop = new AbortController()
    const begun: number[] = []
    async function* numbers() {
      for (let n = 0; n < 100; n += 10) yield Array.from({ length: 10 }, (_, i) => n + i)
    }
    const results = inOrder(numbers(), {
      async work(n: number) {
        begun.push(n)
        if (n === 3) stop.abort()
        return n
      },
      weightOf: () => 1,
      limit: 8,
      signal: stop.signal,
    })
    const given: number[] = []
    for await (const ready of results) given.push(...ready)
    expect(begun).toEqual([0, 1, 2, 3])
    expect(given).toEqual(begun)
  })

  it('yields the results of what was started before it throws the error of the reader', async () => {
    async function* broken() {
      yield [1, 2]
      throw new Error('the disk is gone')
    }
    const taken: number[] = []
    const signal = new AbortController().signal
    const pipeline = { work: async (n: number) => n, weightOf: () => 1, limit: 8, signal }
    const all = (async () => {
      for await (const ready of inOrder(broken(), pipeline)) taken.push(...ready)
    })()
    await expect(all).rejects.toThrow('the disk is gone')
    expect(taken).toEqual([1, 2])
  })
})
