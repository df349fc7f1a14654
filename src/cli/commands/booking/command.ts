import type { Command } from 'commander'
import { type Action, dateOption, once, SHOW } from '../../parameters.js'

const BOOKING = "a booking's reference, with or without its dash, or its id"
const ONLY_SEATS = 'only these seats of it'

/** `tickets booking …`: the life of a booking after it was made. */
export function addBookingCommands(program: Command, action: Action): void {
  const booking = program
    .command('booking')
    .description('list, view, confirm, move, cancel, check in and print')
  booking
    .command('list')
    .description('list bookings: the export and the door list')
    .argument('[show]', SHOW)
    .addOption(dateOption())
    .addOption(once('--customer <text>', 'only customers with these words, or beginnings of words'))
    .addOption(
      once('--status <status>', 'only these').choices(['confirmed', 'held', 'cancelled', 'failed']),
    )
    .addOption(once('--seat <seat>', 'with a show: only the bookings of this seat'))
    .addOption(once('--since <time>', 'made at this time or later (ISO 8601 or local time)'))
    .addOption(once('--until <time>', 'made before this time'))
    .addOption(once('--time-zone <zone>', "of these two, an IANA name (default: the system's)"))
    .addOption(once('--sort <order>', 'order').choices(['time', 'newest', 'customer']))
    .addOption(once('--limit <n>', 'at most so many'))
    .option('--all', 'all of them, on a terminal too')
    .addOption(once('-o, --output <format>', 'format').choices(['table', 'json', 'ndjson', 'csv']))
    .action(action(() => import('./list.js')))
  booking
    .command('view')
    .description('details of a booking and its history')
    .argument('[booking]', BOOKING)
    .action(action(() => import('./view.js')))
  booking
    .command('confirm')
    .description('sell what a hold keeps, all or some')
    .argument('[booking]', BOOKING)
    .addOption(once('--seats <spec>', `${ONLY_SEATS}; the rest stays held`))
    .action(action(() => import('./confirm.js')))
  booking
    .command('move')
    .description('exchange its seats for others; all of them or none')
    .argument('[booking]', BOOKING)
    .addOption(once('--to <spec>', 'the new seats'))
    .addOption(once('--to-show <show>', 'in another show'))
    .addOption(dateOption())
    .action(action(() => import('./move.js')))
  booking
    .command('cancel')
    .description('give its seats back, all or some')
    .argument('[booking]', BOOKING)
    .addOption(once('--seats <spec>', ONLY_SEATS))
    .addOption(once('--reason <text>', 'why, for the history'))
    .option('-y, --yes', 'do not ask for confirmation')
    .action(action(() => import('./cancel.js')))
  booking
    .command('check-in')
    .description('let its seats in, each once; exits 4 when nobody may come in now')
    .argument('[booking]', BOOKING)
    .addOption(once('--seats <spec>', ONLY_SEATS))
    .addOption(once('--show <show>', 'the show at this door: a ticket for another one is refused'))
    .addOption(dateOption())
    .option('--undo', 'take a check-in back')
    .action(action(() => import('./check-in.js')))
  booking
    .command('print')
    .description('the ticket, with its reference as a QR code')
    .argument('[booking]', BOOKING)
    .addOption(once('--svg <file>', "as a picture in this file instead; '-' is stdout"))
    .action(action(() => import('./print.js')))
}
