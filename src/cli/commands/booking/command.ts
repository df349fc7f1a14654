import type { Declaration, ParametersByTerm } from '../../declaration.js'
import {
  anyShow,
  CHANGE_EXITS,
  dateOption,
  pageOptions,
  READ_EXITS,
  upcomingShow,
} from '../../parameters.js'
import { statusesFor } from './statuses.js'

/** BOOKING: completion offers the bookings that the command can act on. */
function bookingIn(bookings: keyof typeof statusesFor): ParametersByTerm {
  const about = "a booking's reference, with or without its dash, or its id"
  return { '[booking]': { about, completes: { bookings: statusesFor[bookings] } } }
}

const onlySeats = {
  about: 'only these seats of the booking',
  completes: { seats: 'of the booking' },
} as const

export const bookingCommands: Declaration = {
  name: 'booking',
  about: 'list, view, confirm, move, cancel, check in and print',
  examples: [
    'tickets booking list Hamlet --status confirmed --sort customer',
    'tickets booking view K7Q2-9FMX',
    'tickets booking move k7q29fmx --to D5-D8',
  ],
  exits: CHANGE_EXITS,
  commands: [
    {
      name: 'list',
      about: 'list bookings: the export and the door list',
      arguments: { '[show]': anyShow },
      options: {
        ...dateOption,
        '--customer <text>': 'only customers with these words, or beginnings of words',
        '--status <status>': {
          about: 'only in this state',
          choices: ['confirmed', 'held', 'cancelled', 'failed'],
        },
        '--seat <seat>': {
          about: 'with a show: only the bookings of this seat',
          completes: { seats: 'any' },
        },
        '--since <time>': 'made at this time or later (ISO 8601 or local time)',
        '--until <time>': 'made before this time',
        '--time-zone <zone>': "IANA name for these times (default: the system's)",
        '--sort <order>': { about: 'order', choices: ['time', 'newest', 'customer'] },
        ...pageOptions,
      },
      examples: [
        'tickets booking list Hamlet --status confirmed --sort customer',
        'tickets booking list --customer "ada love"',
        'tickets booking list --since "2031-02-28 18:00" -o csv > today.csv',
      ],
      exits: READ_EXITS,
      run: () => import('./list.js'),
    },
    {
      name: 'view',
      about: 'details of a booking and its history',
      arguments: bookingIn('view'),
      examples: ['tickets booking view K7Q2-9FMX', 'tickets booking view k7q29fmx --json'],
      exits: READ_EXITS,
      run: () => import('./view.js'),
    },
    {
      name: 'confirm',
      about: 'sell all or some seats of a hold',
      arguments: bookingIn('confirm'),
      options: {
        '--seats <spec>': { ...onlySeats, about: `${onlySeats.about}; the rest stays held` },
      },
      examples: [
        'tickets booking confirm DT94-KZXC --seats C5,C6',
        'tickets booking confirm DT94-KZXC',
      ],
      exits: CHANGE_EXITS,
      makesOneChange: true,
      run: () => import('./confirm.js'),
    },
    {
      name: 'move',
      about: "exchange a booking's seats for others, all or none",
      arguments: bookingIn('move'),
      options: {
        '--to <spec>': { about: 'the new seats', completes: { seats: 'free' } },
        '--to-show <show>': { ...upcomingShow, about: 'in another show' },
        ...dateOption,
      },
      examples: [
        'tickets booking move K7Q2-9FMX --to D5-D8',
        'tickets booking move K7Q2-9FMX --to A1-A4 --to-show "The Lion King"',
      ],
      exits: CHANGE_EXITS,
      makesOneChange: true,
      run: () => import('./move.js'),
    },
    {
      name: 'cancel',
      about: "give back a booking's seats, all or some",
      arguments: bookingIn('cancel'),
      options: {
        '--seats <spec>': onlySeats,
        '--reason <text>': 'why, for the history',
        '-y, --yes': 'do not ask for confirmation',
      },
      examples: [
        'tickets booking cancel K7Q2-9FMX --seats A1 --reason "one is ill" -y',
        'tickets booking cancel K7Q2-9FMX -y',
      ],
      exits: CHANGE_EXITS,
      makesOneChange: true,
      run: () => import('./cancel.js'),
    },
    {
      name: 'check-in',
      about: "let a booking's seats in, each once; exit 4 if none is let in",
      arguments: bookingIn('check-in'),
      options: {
        '--seats <spec>': onlySeats,
        '--show <show>': {
          about: 'the show at this door: a ticket for another one is refused',
          completes: { shows: 'not cancelled' },
        },
        ...dateOption,
        '--undo': 'undo a check-in',
      },
      examples: [
        'tickets booking check-in K7Q2-9FMX --show Hamlet --seats A1',
        'tickets booking check-in K7Q2-9FMX',
        'tickets booking check-in K7Q2-9FMX --undo',
      ],
      exits: CHANGE_EXITS,
      makesOneChange: true,
      run: () => import('./check-in.js'),
    },
    {
      name: 'print',
      about: 'print the ticket, with its reference as a QR code',
      arguments: bookingIn('print'),
      options: {
        '--svg <file>': {
          about: "as a picture in this file instead; '-' is stdout",
          completes: 'files',
        },
      },
      examples: [
        'tickets booking print K7Q2-9FMX',
        'tickets booking print K7Q2-9FMX --svg ticket.svg',
      ],
      exits: CHANGE_EXITS,
      run: () => import('./print.js'),
    },
  ],
}
