import { describe, expect, it } from 'vitest'
import { csvPlan, readCsvPlan } from '../../../src/house/plan/csv.js'
import { SeatPlan } from '../../../src/house/plan/seat-plan.js'
import { run, seatsOf, shownSeats } from '../../support/plans.js'
import { expectWording, withFacts } from '../../support/wording.js'

const read = (...lines: string[]) => readCsvPlan(lines.join('\n'))

describe('a plan in CSV', () => {
  it('has a section, a row and a seat in each line, in the order of the house', () => {
    expect(
      read('section,row,seat', 'Stalls,A,1', 'Stalls,A,2', 'Circle,A,9', 'Stalls,B,1'),
    ).toEqual({
      outline: {
        name: '',
        stage: 'top',
        sections: [
          {
            name: 'Stalls',
            rows: [
              { label: 'A', seats: seatsOf(run(1, 2)) },
              { label: 'B', seats: seatsOf(run(1, 1)) },
            ],
          },
          { name: 'Circle', rows: [{ label: 'A', seats: seatsOf(run(9, 9)) }] },
        ],
      },
      faults: [],
      notices: [],
    })
  })

  it('of 3,000 seats keeps numbers that continue from row to row, backwards and forwards', () => {
    const rows = Array.from({ length: 100 }, (_, index) => {
      const numbers = Array.from({ length: 30 }, (_, seat) => index * 30 + seat + 1)
      return index % 2 === 0 ? numbers.toReversed() : numbers
    })
    const lines = rows.flatMap((numbers, index) =>
      numbers.map((number) => `Hall;${index + 1};${number}`),
    )
    const { outline, faults } = read('Section;Row;Seat', ...lines)
    expect(faults).toEqual([])
    expect(outline!.sections.map(({ name, rows: all }) => [name, all.length])).toEqual([
      ['Hall', 100],
    ])
    expect(outline!.sections[0]!.rows.slice(0, 3).map(({ seats }) => seats)).toEqual([
      seatsOf(run(30, 1)),
      seatsOf(run(31, 60)),
      seatsOf(run(90, 61)),
    ])
    const plan = new SeatPlan(outline!)
    expect(plan.totalSeats).toBe(3000)
    expect([1, 30, 31, 3000].map((seat) => plan.label(seat))).toEqual([
      '1/30',
      '1/1',
      '2/31',
      '100/3000',
    ])
    expect(readCsvPlan(csvPlan(plan)).outline).toEqual(outline)
  })

  it.each<[string, string[], string]>([
    ['runs on, as 11-1, 42-34', ['11', '10', '9', '42', '41'], '11-9 42-41'],
    ['is odd and even', ['5', '3', '1', '2', '4', '6'], '5-1 odd 2-6 even'],
    ['has two odd numbers only', ['1', '3'], '1 3'],
    [
      'changes its kind',
      ['1,wheelchair', '2,Companion', '3,restricted view', '4,not_for_sale'],
      '1 wheelchair 2 companion 3 restricted 4 not for sale',
    ],
    ['has leading zeros', ['01', '02'], '1-2'],
  ])('finds the runs of a row that %s', (_, seats, expected) => {
    const { outline } = read('row,seat,kind', ...seats.map((seat) => `A,${seat}`))
    expect(shown(outline)).toBe(expected)
  })

  it.each<[string, string[], string]>([
    ['counts seats', ['1', '2', '4', '5', '6'], '1-2 . 3-5'],
    ['is in pixels, in any order', ['300', '30', '60', '90', '180'], '2-4 .. 5 ... 1'],
    ['has decimal commas', ['"0,5"', '"1,5"', '"4,5"', '"5,5"'], '1-2 .. 3-4'],
    ['has one aisle only', ['1', '3'], '1-2'],
  ])('finds the aisles if x %s', (_, xs, expected) => {
    const { outline } = read('row,seat,x', ...xs.map((x, index) => `A,${index + 1},${x}`))
    expect(shown(outline)).toBe(expected)
  })

  it('begins at the stage if there is a y column', () => {
    const seats = ['B,1,1,2,,', 'A,1,1,1,,']
    const order = (stage: string) =>
      read('row,seat,x,y,stage,name', `C,1,1,3,${stage},Globe`, ...seats)
        .outline!.sections[0]!.rows.map(({ label }) => label)
        .join('')
    expect([order('top'), order('bottom'), order('none')]).toEqual(['ABC', 'CBA', 'ABC'])
  })

  it('may have what spreadsheets add: sep=, tabs, empty lines and cells, line ends', () => {
    for (const text of [
      '\ufeffsep=;\r\nRow;Seat;\r\nA;1;\r\n;;\r\nA;2;\r\n',
      '\nrow\tseat\rA\t1\rA\t2\r',
      '"row","seat"\n"A","1"\n\n"A","2"',
    ]) {
      expect([text, shown(readCsvPlan(text).outline)]).toEqual([text, '1-2'])
    }
  })

  it('of two megabytes without a plan is refused with a thousand errors', () => {
    for (const line of ['A,1\n', '"\n', ',,,\n']) {
      const { outline, faults } = readCsvPlan(`row,seat\n${line.repeat(500_000)}`)
      expect([line, outline, faults.length <= 1010]).toEqual([line, undefined, true])
    }
  })

  it('of two megabytes of columns is refused, and a thousand of them are named', () => {
    const columns = Array.from({ length: 250_000 }, (_, index) => `c${index}`)
    for (const line of [columns, columns.map(() => 'c'), ['row', 'seat\nA', '1', ...columns]]) {
      const { outline, faults, notices } = readCsvPlan(line.join(','))
      expect(outline).toBeUndefined()
      expect(faults.length).toBeLessThanOrEqual(1000)
      expect(notices.length).toBeLessThanOrEqual(1001)
    }
  })

  it('may have spaces around its cells, and several or no-break spaces in a section name', () => {
    const { outline, faults } = read(
      'section,row,seat,kind,name',
      'Dress Circle,A,1,,"Globe  1"',
      '" Dress\u00a0 Circle ", A ," 2 "," standard ",',
    )
    expect(faults).toEqual([])
    expect(outline?.name).toBe('Globe  1')
    expect(outline?.sections.map(({ name, rows }) => [name, rows.length])).toEqual([
      ['Dress Circle', 1],
    ])
  })

  it('names what is ignored', () => {
    expect(read('row,seat,price,y', 'A,1,20,1').notices).toEqual([
      withFacts('"price"'),
      withFacts('"y"', 'x'),
    ])
  })

  const joined = [
    'section,row,seat',
    ...['Stalls,A,01', 'stalls,A,2', 'Stalls,a,3', 'stalls,a,4', 'Stalls,AA,1', 'Circle,a,1'],
  ]
  it('names, once, what is joined because only the case differs', () => {
    const { outline, notices } = read(...joined)
    expect(outline!.sections.map(({ rows }) => rows.map(({ label }) => label))).toEqual([
      ['A', 'AA'],
      ['a'],
    ])
    expect(notices).toEqual([
      withFacts('section', '3', '"stalls"', '"Stalls"'),
      withFacts('row', '4', '"a"', '"A"'),
    ])
  })

  const wrong: [
    string,
    string[],
    [line: number, column: string | number | undefined, ...facts: string[]][],
  ][] = [
    ['nothing', [''], [[1, undefined, 'section,row,seat']]],
    ['a header alone', ['row,seat'], [[2, undefined]]],
    [
      'no row and no seat',
      ['section,place', 'Stalls,1'],
      [
        [1, 'row', 'section', 'row', 'seat'],
        [1, 'seat', 'section'],
      ],
    ],
    ['a column twice', ['row,seat,Row', 'A,1,A'], [[1, 'row']]],
    ['a stray quote', ['row,seat', 'A,"1', 'A,2'], [[2, undefined, '""']]],
    ['a cell beyond the header', ['row,seat', 'A,1,x'], [[2, 3, '"x"']]],
    [
      'invalid numbers',
      ['row,seat', 'A,0', 'A,1b', 'A,', 'A,10000'],
      [
        [2, 'seat', '"0"'],
        [3, 'seat', '"1b"'],
        [4, 'seat', '""'],
        [5, 'seat', '1', '9999'],
      ],
    ],
    [
      'a long row name, and none',
      ['row,seat', 'Row 1,1', ',1'],
      [
        [2, 'row', '"Row 1"'],
        [3, 'row', '""'],
      ],
    ],
    [
      'a companion without a wheelchair place, and a far aisle',
      ['row,seat,kind,x,pitch', 'A,1,,1,1', 'A,2,companion,2,', 'B,1,,1,', 'B,2,,300,'],
      [
        [3, undefined, 'w1 c2'],
        [5, undefined, '200'],
      ],
    ],
    [
      'companions that are not beside the wheelchair place of their row',
      ['row,seat,kind', 'A,1,wheelchair', 'A,2,companion', 'A,3,companion', 'A,4,companion'],
      [
        [4, undefined, 'w1 c2'],
        [5, undefined, 'w1 c2'],
      ],
    ],
    [
      'a section with a dash',
      ['section,row,seat', 'Left-hand,A,1'],
      [[2, 'section', '"Left-hand"']],
    ],
    [
      'a section with an invisible character',
      ['section,row,seat', 'Stalls\u3164,A,1'],
      [[2, 'section', '"Stalls\u3164"', 'visible']],
    ],
    [
      'unknown kinds',
      ['row,seat,kind', 'A,1,vip', 'A,2,constructor', 'A,3,__proto__'],
      [
        [2, 'kind', '"vip"', 'wheelchair'],
        [3, 'kind', '"constructor"'],
        [4, 'kind', '"__proto__"'],
      ],
    ],
    ['a long name', ['row,seat,name', 'A,1,', `A,2,${'x'.repeat(201)}`], [[3, 'name', '200']]],
    [
      'a long name, and no seat',
      ['row,seat,name', `A,0,${'x'.repeat(201)}`],
      [
        [2, 'seat', '"0"'],
        [2, 'name', '200'],
      ],
    ],
    ['a seat twice', ['row,seat', 'A,1', 'a,01'], [[3, 'seat', '2']]],
    [
      'positions that are not numbers, and of some seats only',
      ['row,seat,x,y', 'A,1,left,1', 'A,2,,2', 'A,3,3,'],
      [
        [2, 'x', '"left"'],
        [3, 'x'],
        [4, 'y'],
      ],
    ],
    [
      'two names, a wrong stage, a wrong pitch',
      ['row,seat,name,stage,pitch', 'A,1,Globe,left,0', 'A,2,Rose,,'],
      [
        [2, 'stage', 'top', 'bottom', 'none'],
        [2, 'pitch', '0'],
        [3, 'name', '2', '"Globe"'],
      ],
    ],
  ]
  it.each(wrong)('with %s is refused with line and column', (_, lines, faults) => {
    const reading = read(...lines)
    expect(reading.outline).toBeUndefined()
    expect(reading.faults).toEqual(
      faults.map(([line, column, ...facts]) => ({
        line,
        ...(column !== undefined && { column }),
        message: withFacts(...facts),
      })),
    )
  })

  it('is refused with the messages in test/wording/plan-csv.txt', () =>
    expectWording('plan-csv', [
      ...wrong.map(
        ([, lines]) =>
          [
            lines.join('\n'),
            ...read(...lines).faults.map(({ line, column, message }) =>
              [line, column ?? '', message].join(':'),
            ),
          ] as const,
      ),
      ['row,seat,price,y\nA,1,20,1', ...read('row,seat,price,y', 'A,1,20,1').notices],
      [joined.join('\n'), ...read(...joined).notices],
    ]))
})

/** The first row: '5-1 odd . 7 wheelchair'. */
function shown(outline: ReturnType<typeof readCsvPlan>['outline']): string {
  return shownSeats(outline!.sections[0]!.rows[0]!.seats)
}
