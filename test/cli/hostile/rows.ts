import {
  ambiguous,
  CANCELLED,
  HOUSE,
  noSuchSeats,
  notDurations,
  notNotes,
  notSeats,
  notShows,
  notTexts,
  ROWS,
  USED_KEY,
} from './values.js'

type Row = Record<string, unknown>

/** A field that is not given is not wrong; empty cells of a table mean that. */
const notNothing = (text: string) => text !== ''
const notOfKind = [true, {}, [], [[]], 5, -1, 1.5, 1e9]
const seat = { show: HOUSE, seats: '3' }

/**
 * Rows of a booking file that are wrong in the same ways as command lines, and the code of each.
 */
export const hostileRows: Record<string, { rows: Row[]; exit: 2 | 3 | 4 }> = {
  'invalid numbers': {
    rows: [0, -1, 1.5, 1e9, 1e300, true, {}, [4], '', 'five', '1e9', '-1', '4 ', '٣', null].map(
      (count) => ({ show: HOUSE, count }),
    ),
    exit: 2,
  },
  'invalid seats': {
    rows: [...notSeats, true, {}, 3, ['3'], [3, 3], [1.5], [null], []].map((seats) => ({
      show: HOUSE,
      seats,
    })),
    exit: 2,
  },
  'seats that the house does not have': {
    rows: [...noSuchSeats, [0], [-1], [11], [3, 1e9]].map((seats) => ({ show: HOUSE, seats })),
    exit: 3,
  },
  'seats that are taken': {
    rows: ['1', '2', '1-3', [2, 3]].map((seats) => ({ show: HOUSE, seats })),
    exit: 4,
  },
  'a show that is cancelled': { rows: [{ show: CANCELLED, count: 1 }], exit: 4 },
  'invalid durations': {
    rows: [...notDurations.filter(notNothing), ...notOfKind].map((hold) => ({ ...seat, hold })),
    exit: 2,
  },
  'invalid texts': {
    rows: [
      ...[...notTexts.filter(notNothing), ...notOfKind].map((customer) => ({ ...seat, customer })),
      ...[...notNotes.filter(notNothing), ...notOfKind].map((note) => ({ ...seat, note })),
      ...[...notTexts.filter(notNothing), ...notOfKind].map((key) => ({ ...seat, key })),
    ],
    exit: 2,
  },
  'missing shows': {
    rows: notShows.filter(notNothing).map((show) => ({ show, seats: '3' })),
    exit: 3,
  },
  'shows that are ambiguous or not names': {
    rows: [...ambiguous, '', null, ...notOfKind].map((show) => ({ show, seats: '3' })),
    exit: 2,
  },
  'keys of other requests': {
    rows: [
      { ...seat, key: USED_KEY },
      { show: ROWS, count: 1, key: USED_KEY },
    ],
    exit: 2,
  },
  'fields that are unknown, too many or too few': {
    rows: [
      ...[{}, { show: HOUSE }, { seats: '3' }, { ...seat, count: 1 }, { ...seat, Seats: '3' }],
      ...[
        { ...seat, constructor: 'x' },
        { ...seat, toString: 'x' },
        { ...seat, ['__proto__']: 'x' },
      ],
    ],
    exit: 2,
  },
}
