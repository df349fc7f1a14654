import { describe, expect, it } from 'vitest'
import type { PlanReading } from '../../../src/house/plan/plan-reading.js'
import { pretixPlan, readPretixPlan } from '../../../src/house/plan/pretix.js'
import { SeatPlan } from '../../../src/house/plan/seat-plan.js'
import { run, seatsOf, shownSeats } from '../../support/plans.js'
import { expectWording, withFacts } from '../../support/wording.js'

/** A plan as the editor of pretix saves it: positions in pixels, an area for the stage. */
function opera() {
  return {
    name: 'Opera',
    categories: [
      { name: 'Price 1', color: '#ff0000' },
      { name: 'Wheelchair', color: '#0000ff' },
    ],
    size: { width: 900, height: 700 },
    zones: [
      {
        name: 'Parkett',
        zone_id: 'p',
        uuid: 'e0c5c1a0-0000-4000-8000-000000000001',
        position: { x: 100, y: 120 },
        rows: [
          // The editor lists rows in the order in which they were drawn.
          row('2', { x: 0, y: 30 }, seats('Parkett-2', [6, 7, 8, 9], [0, 25, 75, 100])),
          row('1', { x: 12.5, y: 0 }, [
            ...seats('Parkett-1', [5, 4, 3], [0, 25, 50]),
            { ...seats('Parkett-1', [2], [75])[0]!, category: 'wheelchair' },
          ]),
        ],
        areas: [
          {
            shape: 'rectangle',
            color: '#000000',
            position: { x: 0, y: -80 },
            rectangle: { width: 300, height: 40 },
            text: { text: 'Bühne', position: { x: 150, y: 20 } },
          },
          { shape: 'circle', position: { x: 400, y: 0 }, circle: { radius: 20 } },
          {
            shape: 'text',
            position: { x: 0, y: 0 },
            text: { text: 'Bar', position: { x: 0, y: 0 } },
          },
        ],
      },
      {
        name: 'Balkon / links',
        position: { x: 100, y: 300 },
        rows: [
          {
            ...row(
              'B',
              { x: 0, y: 0 },
              seats('left', ['B-1', 'B-3', 'B-5', '7a'], [0, 40, 80, 120]),
            ),
            row_label: 'Reihe B',
            row_number_position: null,
          },
        ],
      },
    ],
  }
}

function row(row_number: string, position: object, rowSeats: object[]) {
  return { row_number, position, seats: rowSeats }
}

function seats(guid: string, numbers: (number | string)[], xs: number[]) {
  return numbers.map((number, index) => ({
    seat_guid: `${guid}-${number}`,
    seat_number: String(number),
    position: { x: xs[index], y: 0 },
    category: 'Price 1',
  }))
}

/** Row A of one zone, with seats 1, 2, 3, … at these positions. */
function oneRow(positions: [x: number, y: number][]) {
  const numbers = positions.map((_, index) => index + 1)
  const placed = seats('', numbers, []).map((seat, index) => {
    const [x, y] = positions[index]!
    return { ...seat, seat_guid: `A${index + 1}`, category: 'standard', position: { x, y } }
  })
  return oneZone({ rows: [{ row_number: 'A', seats: placed }] })
}

function oneZone(zone: object) {
  return { name: 'N', categories: [], zones: [{ name: 'Hall', position: { x: 0, y: 0 }, ...zone }] }
}

describe('a seating plan of pretix', () => {
  const { outline, faults, notices } = readPretixPlan(opera())

  it('keeps zones, rows from the stage on, numbers, aisles and kinds', () => {
    expect(faults).toEqual([])
    const sections = outline!.sections.map(({ name, rows }) => [
      name,
      ...rows.map(({ label, seats }) => `${label}: ${shownSeats(seats)}`),
    ])
    expect({ ...outline, sections }).toEqual({
      name: 'Opera',
      stage: 'top',
      sections: [
        ['Parkett', '1: 5-3 2 wheelchair', '2: 6-7 . 8-9'],
        ['Balkon links', 'B: 1-5 odd'],
      ],
    })
  })

  it('names what a plan cannot have', () => {
    expect(notices).toEqual([
      withFacts('zones[0].areas[0]', '"Bühne"'),
      withFacts('zones[0].areas[1]'),
      withFacts('zones[0].areas[2]', '"Bar"'),
      withFacts('zones[1]', '"Balkon / links"', '"Balkon links"'),
      withFacts('zones[1].rows[0].seats[3]', '"7a"', '9999'),
      withFacts('color', '2', 'categories[0]'),
      withFacts('zone_id', 'zones[0]'),
      withFacts('uuid', 'zones[0]'),
      withFacts('category', '"Price 1"', '11', 'zones[0].rows[0].seats[0]'),
      withFacts('row_label', 'zones[1].rows[0]'),
      withFacts('seat_number', '3', 'zones[1].rows[0].seats[0]'),
      withFacts('seat_guid', '11', 'zones[0].rows[0].seats[0]'),
      withFacts('size'),
    ])
  })

  const corner = { x: 0, y: 0 }
  const hall = (...rows: object[]) => ({ name: 'Hall', position: corner, rows })
  const oneSeat = (label: string, number: number | string) =>
    row(label, corner, [
      {
        ...seats('Hall', [number], [64])[0]!,
        category: 'standard',
        seat_guid: `${label}${number}`,
      },
    ])
  const full = hall(oneSeat('A', 1))
  const lost: [string, object, ...notices: string[][]][] = [
    [
      'an empty row',
      { zones: [hall(row('B', corner, []), oneSeat('A', 1))] },
      ['zones[0].rows[0]'],
    ],
    [
      'a row without a number before one that has its name',
      { zones: [hall(oneSeat('A', 'x'), oneSeat('A', 1))] },
      ['zones[0].rows[0].seats[0]', '"x"'],
      ['zones[0].rows[0]'],
    ],
    ['an empty zone before one that has its name', { zones: [hall(), full] }, ['zones[0]']],
    [
      'a row that is there twice',
      { zones: [hall(oneSeat('A', 1), oneSeat('A', 1))] },
      ['zones[0].rows[1]', 'zones[0].rows[0]'],
    ],
    [
      'an area whose text is one',
      { zones: [{ ...full, areas: [{ position: corner, text: 'Bar' }] }] },
      ['zones[0].areas[0]', '"Bar"'],
    ],
    [
      'a size that does not match the seats',
      { size: {}, zones: [full, { ...hall(oneSeat('B', 1)), position: { x: 1, y: 32 } }] },
      ['zones[1]', 'zones[0]'],
      ['size'],
    ],
    ['a size that does', { size: { width: 128, height: 96 }, zones: [full] }],
  ]
  it.each(lost)('names, once, what is lost of %s', (_, document, ...said) => {
    expect(readPretixPlan({ name: 'N', ...document }).notices).toEqual(
      said.map((facts) => withFacts(...facts)),
    )
  })

  it('reads the side of the stage from an area whose text is one', () => {
    const areas = [{ position: corner, text: 'Stage' }]
    const zones = [{ ...full, areas }]
    expect(readPretixPlan({ name: 'N', zones }).outline!.stage).toBe('top')
  })

  it('is written with zones, rows, seats, numbers and kinds, and labels as seat_guid', () => {
    const plan = new SeatPlan(outline!)
    const written = JSON.parse(JSON.stringify(pretixPlan(plan))) as ReturnType<typeof opera>
    expect(written).toMatchObject({
      name: 'Opera',
      categories: [{ name: 'standard' }, { name: 'wheelchair' }],
    })
    expect(
      written.zones.map(({ name, rows }) => [
        name,
        ...rows.map(({ row_number, seats: some }) => [
          row_number,
          ...(some as ReturnType<typeof seats>).map((seat) => [
            seat.seat_number,
            seat.category,
            seat.seat_guid,
          ]),
        ]),
      ]),
    ).toMatchObject([
      [
        'Parkett',
        [
          '1',
          ['5', 'standard', 'Parkett 1/5'],
          ['4', 'standard', 'Parkett 1/4'],
          ['3', 'standard', 'Parkett 1/3'],
          ['2', 'wheelchair', 'Parkett 1/2'],
        ],
        ['2', ['6', 'standard', 'Parkett 2/6'], ...Array(3).fill(expect.anything())],
      ],
      [
        'Balkon links',
        ['B', ['1', 'standard', 'Balkon links B1'], ...Array(2).fill(expect.anything())],
      ],
    ])
    expect(readPretixPlan(written)).toEqual({ outline, faults: [], notices: [] })
  })

  const drawn: [string, [number, number][], string, notices: number][] = [
    [
      'an even row',
      [
        [0, 0],
        [25, 0],
        [50, 0],
        [75, 0],
      ],
      '1-4',
      0,
    ],
    [
      'a gap of less than 1.5 seats',
      [
        [0, 0],
        [25, 0],
        [62, 0],
        [87, 0],
      ],
      '1-4',
      0,
    ],
    [
      'a larger gap',
      [
        [0, 0],
        [25, 0],
        [63, 0],
        [88, 0],
      ],
      '1-2 . 3-4',
      0,
    ],
    [
      'gaps of two and three seats',
      [
        [0, 0],
        [25, 0],
        [100, 0],
        [125, 0],
        [225, 0],
      ],
      '1-2 .. 3-4 ... 5',
      0,
    ],
    [
      'seats in another order',
      [
        [50, 0],
        [25, 0],
        [0, 0],
      ],
      '3-1',
      0,
    ],
    [
      'a curve',
      [
        [0, 30],
        [20, 12],
        [45, 0],
        [70, 0],
        [95, 12],
        [115, 30],
      ],
      '1-6',
      1,
    ],
    [
      'a row along the house',
      [
        [0, 0],
        [0, 25],
        [0, 50],
        [0, 100],
      ],
      '1-3 . 4',
      1,
    ],
  ]
  it.each(drawn)('finds the aisles of %s', (_, positions, row, count) => {
    const reading = readPretixPlan(oneRow(positions))
    expect(reading.outline!.sections[0]!.rows.map((row) => shownSeats(row.seats))).toEqual([row])
    expect(reading.notices).toEqual(Array(count).fill(withFacts('A', 'Hall')))
  })

  it('joins rows with one label to one row, and zones with one name to one section', () => {
    const left = {
      row_number: 'A',
      position: { x: 0, y: 0 },
      seats: seats('a', [1, 2, 3, 4], [0, 25, 50, 75]),
    }
    const right = {
      row_number: 'a',
      position: { x: 125, y: 0 },
      seats: seats('a', [5, 6], [0, 25]),
    }
    const zone = (one: object) => ({ name: 'Hall', position: { x: 0, y: 0 }, rows: [one] })
    const reading = readPretixPlan({ name: 'N', zones: [zone(left), zone(right)] })
    expect(
      reading.outline!.sections.map(({ rows }) => rows.map((row) => shownSeats(row.seats))),
    ).toEqual([['1-4 . 5-6']])
    expect(reading.notices).toEqual(
      expect.arrayContaining([
        withFacts('zones[1]', 'zones[0]'),
        withFacts('zones[1].rows[0]', 'zones[0].rows[0]'),
      ]),
    )
  })

  it('removes invisible characters from the name of a zone', () => {
    const zone = (name: string, label: string) => ({
      ...oneZone({ rows: [row(label, { x: 0, y: 0 }, seats('a', [1], [0]))] }).zones[0]!,
      name,
    })
    const zones = [zone('Par\u00adterre\u3164', 'A'), zone('Parterre', 'B'), zone('\u3164', 'C')]
    const { outline, faults, notices } = readPretixPlan({ name: 'N', zones })
    expect(faults).toEqual([])
    expect(outline!.sections.map(({ name }) => name)).toEqual(['Parterre', 'Zone 4'])
    expect(notices[0]).toEqual(withFacts('zones[0]', '"Parterre"'))
  })

  it.each([
    ['constructor', 'Hall'],
    ['__proto__', `a${'𝒜'.repeat(30)}`],
    ['toString', `${'x'.repeat(39)} y`],
  ])('accepts any category, and a name of any length: %s, %s', (category, name) => {
    const [one] = seats('a', [1], [0])
    const zone = {
      ...oneZone({ rows: [row('A', { x: 0, y: 0 }, [{ ...one!, category }])] }).zones[0]!,
      name,
    }
    const { outline, faults, notices } = readPretixPlan({ name: 'N', zones: [zone] })
    expect(faults).toEqual([])
    expect(outline!.sections[0]!.rows[0]!.seats).toEqual(seatsOf(run(1, 1)))
    expect(notices).toContainEqual(withFacts('category', `"${category}"`))
  })

  it('with a hundred thousand errors is refused with the first thousand', () => {
    const zones = Array.from({ length: 100_000 }, () => ({}))
    const { faults, notices } = readPretixPlan({ name: 'N', zones })
    expect([faults.length, notices.length]).toEqual([1000, 1001])
    // The last message says that there are more.
    expect(faults.at(-1)!.message).not.toBe(faults.at(-3)!.message)
    expect(notices.at(-1)).toEqual(withFacts('199000'))
  })

  const wrong: [string, unknown, (string | undefined)[]][] = [
    ['a list', [], ['']],
    [
      'a long name',
      {
        ...oneZone({ rows: [row('A', { x: 0, y: 0 }, seats('a', [1], [0]))] }),
        name: 'x'.repeat(201),
      },
      ['name'],
    ],
    ['a long name and no zones', { name: 'x'.repeat(201), categories: [] }, ['zones', 'name']],
    ['no zones', { name: 'N', categories: [] }, ['zones']],
    ['no name', { zones: [] }, ['name']],
    ['zones that are not a list', { name: 'N', zones: {} }, ['zones']],
    ['no seat', { name: 'N', zones: [] }, ['zones']],
    [
      'only seats without a number',
      oneZone({ rows: [row('A', { x: 0, y: 0 }, seats('a', ['x'], [0]))] }),
      ['zones'],
    ],
    [
      'a zone without position and rows',
      { name: 'N', zones: [{}] },
      ['zones[0].position', 'zones[0].rows'],
    ],
    ['a row that is a string', oneZone({ rows: ['A'] }), ['zones[0].rows[0]']],
    [
      'a row without label and seats',
      oneZone({ rows: [{}] }),
      ['zones[0].rows[0].row_number', 'zones[0].rows[0].row_number', 'zones[0].rows[0].seats'],
    ],
    [
      'a long row label',
      oneZone({ rows: [row('Row 1', { x: 0, y: 0 }, [])] }),
      ['zones[0].rows[0].row_number'],
    ],
    [
      'seats without fields',
      oneZone({ rows: [row('A', { x: 0, y: 0 }, [{}])] }),
      ['seat_number', 'position', 'category'].map((key) => `zones[0].rows[0].seats[0].${key}`),
    ],
    [
      'a position that is not a number',
      oneZone({ rows: [row('A', { x: '0', y: 0 }, seats('a', [1], [0]))] }),
      ['zones[0].rows[0].position'],
    ],
    [
      'a seat that is there twice',
      oneZone({ rows: [row('A', { x: 0, y: 0 }, seats('a', [1, 1], [0, 25]))] }),
      ['zones[0].rows[0].seats[1]'],
    ],
  ]
  it.each(wrong)('with %s is refused with the path', (_, document, paths) => {
    const reading = readPretixPlan(document)
    expect(reading.outline).toBeUndefined()
    expect(reading.faults.map(({ path }) => path)).toEqual(paths)
  })

  it('is read with the messages in test/wording/plan-pretix.txt', () => {
    const zone = (guid: string, seat: number) => ({
      ...oneZone({ rows: [row('A', { x: 0, y: 0 }, seats(guid, [seat], [0]))] }).zones[0],
    })
    const zones = Array.from({ length: 100_000 }, () => ({}))
    const endless = readPretixPlan({ name: 'N', zones })
    const sentences = ({ faults, notices }: PlanReading) => [
      ...faults.map(({ path, message }) => `${path}: ${message}`),
      ...notices,
    ]
    return expectWording('plan-pretix', [
      ['an opera', ...notices],
      ...lost.flatMap(([title, document, ...said]) =>
        said.length > 0
          ? [[title, ...sentences(readPretixPlan({ name: 'N', ...document }))] as const]
          : [],
      ),
      ...drawn
        .filter(([, , , count]) => count > 0)
        .map(
          ([title, positions]) => [title, ...sentences(readPretixPlan(oneRow(positions)))] as const,
        ),
      [
        'two zones of one name',
        ...sentences(readPretixPlan({ name: 'N', zones: [zone('a', 1), zone('b', 2)] })),
      ],
      ...wrong.map(([title, document]) => [title, ...sentences(readPretixPlan(document))] as const),
      ['a hundred thousand mistakes', endless.faults.at(-1)!.message, endless.notices.at(-1)!],
    ])
  })
})
