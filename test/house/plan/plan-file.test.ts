import { describe, expect, it } from 'vitest'
import { readPlanFile } from '../../../src/house/plan/plan-file.js'
import { run, seatsOf } from '../../support/plans.js'
import { withFacts } from '../../support/wording.js'

const read = (text: string, name = 'stdin') => readPlanFile(Buffer.from(text), name)

describe('the file of a plan', () => {
  it.each([
    ['house', 'A 1-3\n'],
    ['house.plan', '\ufeffname: N, or; not\nA 1-3'],
    ['house', 'row,seat\nA,1\nA,2\nA,3'],
    ['house', 'sep=;\nrow;seat\nA;1\nA;2\nA;3'],
    ['house', '"row"\t"seat"\nA\t1\nA\t2\nA\t3'],
    ['house.CSV', 'seat,row\n1,A\n2,A\n3,A'],
  ])('%s is recognized by its name or content: %j', (name, text) => {
    expect(read(text, name).outline?.sections[0]?.rows).toEqual([
      { label: 'A', seats: seatsOf(run(1, 3)) },
    ])
  })

  it.each([
    ['', 1, 1],
    ['{"a":1,}', 1, 8],
    ['{', 1, 2],
    ['[1 2]', 1, 4],
    ['[1,]', 1, 4],
    ['{\n "a": x}', 2, 7],
    ['{"a"}', 1, 5],
    ['{"a":1}}', 1, 8],
    ['["a\nb"]', 1, 2],
    ['["\\x"]', 1, 2],
    ['[01]', 1, 3],
    ['// no\n{}', 1, 1],
  ])('that is not JSON is refused with the position of the error: %j', (text, line, column) => {
    expect(read(text, 'x.json').faults).toMatchObject([{ line, column }])
  })

  it.each([
    ['a letter of another encoding', 'name: Op\xe9ra\nA 1', 1, 9],
    ['one after letters that are UTF-8', 'name: \xc3\xa9\xe9\nA 1', 1, 8],
    ['one after a byte order mark', '\xef\xbb\xbf\xe9', 1, 1],
    ['one after a replacement character', '# \xef\xbf\xbd\r\rA 1 \xff', 3, 5],
    ['several', 'A 1\r\nB \xe9\nC \xe9', 2, 3],
    ['a character that ends too soon', 'A 1\nB \xef\xbfx', 2, 3],
    ['the end of the file in a character', 'A 1 # \xf0\x9f\x8e', 1, 7],
    ['another encoding', '\xff\xfeA\x00', 1, 1],
  ])(
    'with %s, not UTF-8, is refused with the position of the first bad byte',
    (_, latin1, line, column) => {
      const { outline, faults } = readPlanFile(Buffer.from(latin1, 'latin1'), 'x.plan')
      expect([outline, faults]).toMatchObject([undefined, [{ line, column }]])
      expect(faults[0]!.message).toEqual(withFacts('UTF-8'))
    },
  )

  it.each([
    ['x.json', '{"zones": 1,}', 'The rest of the file was not checked.'],
    ['x.plan', `${'A 1-9999\n'.repeat(11)}`, 'the rows were not checked.'],
    ['x.csv', 'row,place\n-,-', 'the lines were not checked.'],
    ['x.plan', 'A\n'.repeat(2000), 'Reading stopped here'],
    ['x.csv', `row,seat\n${'-,-\n'.repeat(2000)}`, 'Reading stopped here'],
    ['x.json', JSON.stringify({ zones: Array(2000).fill(1) }), 'Reading stopped here'],
  ])('says so if it was not checked to its end: %s %#', (name, text, said) => {
    const { faults } = read(text, name)
    expect(faults.length).toBeLessThanOrEqual(1000)
    expect(faults.at(-1)!.message).toContain(said)
  })

  it.each([
    ['brackets', '['.repeat(2_000_000)],
    ['objects', '{"a":'.repeat(400_000)],
    ['commas', `[${','.repeat(2_000_000)}`],
    ['escapes', `["${'\\n'.repeat(1_000_000)}`],
  ])('of two megabytes of %s is refused', (_, text) => {
    expect(read(text, 'x.json').faults).toHaveLength(1)
  })
})
