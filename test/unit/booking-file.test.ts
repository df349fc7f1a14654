import { describe, expect, it } from 'vitest'
import { type FileChoice, readBookingFile } from '../../src/core/booking-file.js'
import { TicketsError } from '../../src/core/errors.js'
import { inOrder } from '../../src/core/in-order.js'

/** Reads a file in chunks of `size` bytes: [line, request or the sentence of its error]. */
async function read(text: string | Buffer, choice: FileChoice = { show: 'Cats' }, size = 7) {
  const bytes = Buffer.from(text)
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const rows = []
  for await (const batch of readBookingFile(chunks(), choice)) rows.push(...batch)
  return rows.map(({ line, order }) =>
    order instanceof TicketsError ? [line, `${order.code}: ${order.message}`] : [line, order],
  )
}

const order = (request: object, show = 'Cats') => expect.objectContaining({ show, request })
const wrong = (pattern: RegExp) =>
  expect.stringMatching(new RegExp(`^INVALID_INPUT: .*${pattern.source}`))

describe('CSV', () => {
  it('gives every field, quoted or not, with the line it begins on', async () => {
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
        order({
          seats: '1,2',
          customer: 'Ada',
          note: 'likes "aisles"\nand rows',
          key: 'k1',
          hold: 900_000,
        }),
      ],
      [5, order({ count: 3, customer: 'Zoë', hold: 'forever' }, 'Cats, the show')],
      [6, order({ seats: 'A1-A4' })],
    ])
  })

  it('loses no row but the wrong one: a stray quote, a missing quote, a missing column', async () => {
    const file = ['seats,customer', '1,5" x', '2,Ada', '3,"Bob', '4,"Cy"', '5', '6,"Di"x', '7,Ed']
    expect(await read(file.join('\n'))).toEqual([
      [2, wrong(/quotation mark/)],
      [3, order({ seats: '2', customer: 'Ada' })],
      [4, wrong(/quotation mark/)],
      [5, order({ seats: '4', customer: 'Cy' })],
      [6, wrong(/2 columns, this row has 1/)],
      [7, wrong(/quotation mark/)],
      [8, order({ seats: '7', customer: 'Ed' })],
    ])
  })

  it.each([
    ['', {}, /empty/],
    ['show,seats,price\n', {}, /"price" is not one of the fields/],
    ['show;seats\n', {}, /"show;seats" is not/],
    ['show,seats,seats\n', {}, /"seats" is there twice/],
    ['show,customer\n', {}, /neither the column seats nor/],
    ['seats\n', {}, /no column show/],
    ['show,seats\n', { show: 'Cats' }, /on the command line and in the column/],
    ['[{"seats":"1"}]', {}, /one JSON array/],
  ])('%j is refused as a whole', async (text, choice, sentence) => {
    await expect(read(text, choice)).rejects.toThrow(sentence)
    await expect(read(text, choice)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('NDJSON', () => {
  it('is known by its first character or told, and reads texts, lists and null', async () => {
    const file = [
      '',
      '  {"show":"Cats","seats":[2,1],"customer":null,"key":"a\u2028b"}',
      '{"show":"Cats","count":2,"hold":"2h"}',
    ]
    const rows = [
      [2, order({ seats: [2, 1], key: 'a\u2028b' })],
      [3, order({ count: 2, hold: 7_200_000 })],
    ]
    expect(await read(file.join('\n'), {})).toEqual(rows)
    expect(await read(file.join('\n'), { format: 'ndjson' })).toEqual(rows)
    expect(await read('', { format: 'ndjson' })).toEqual([])
  })

  it.each([
    ['{"seats":"1","count":1}', /seats or count/],
    ['{"customer":"Ada"}', /seats or count/],
    ['{"seats":1}', /seats is a text/],
    ['{"seats":"1-"}', /not a seat/],
    ['{"seats":"1;;3"}', /not a seat/],
    ['{"seats":"1,,2"}', /seat is missing/],
    ['{"seats":" "}', /No seats/],
    ['{"count":0}', /count is a whole number/],
    ['{"count":"1e3"}', /count is a whole number/],
    ['{"count":1,"key":7}', /key is a text/],
    ['{"count":1,"hold":"0s"}', /longer than nothing/],
    ['{"count":1,"hold":"soon"}', /not a duration/],
    ['{"count":1,"__proto__":{}}', /not one of the fields/],
    ['{"count":1,"show":"Dogs"}', /on the command line/],
    ['"count"', /not one JSON object/],
    ['{"count":1', /not one JSON object/],
  ])('%s is wrong by itself: the rows around it stay', async (text, sentence) => {
    const good = '{"count":1}'
    expect(await read(`${good}\n${text}\n${good}`)).toEqual([
      [1, order({ count: 1 })],
      [2, wrong(sentence)],
      [3, order({ count: 1 })],
    ])
  })

  it('spoils no name that is not UTF-8, and keeps no line without an end in memory', async () => {
    const latin = Buffer.from('{"count":1,"customer":"Zo\xeb"}\n', 'latin1')
    const endless = Buffer.concat([Buffer.alloc(3_000_000, 'x'), Buffer.from('\n')])
    const file = Buffer.concat([latin, endless, Buffer.from('{"count":2}')])
    expect(await read(file, { format: 'ndjson', show: 'Cats' }, 65_536)).toEqual([
      [1, wrong(/not UTF-8/)],
      [2, wrong(/longer than 2 MB/)],
      [3, order({ count: 2 })],
    ])
  })
})

describe('inOrder', () => {
  it('keeps the order, and begins no more than the limit while nobody takes the results', async () => {
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
        // The later ones of each ten are done first.
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

  it('gives what was begun before it throws what the reading threw', async () => {
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
