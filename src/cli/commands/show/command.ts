import { type Command, Option } from 'commander'
import { type Action, dateOption, once, SHOW } from '../../parameters.js'

/** `tickets show …` and `tickets history`: what there is to see, and its life. */
export function addShowCommands(program: Command, action: Action): void {
  const show = program
    .command('show')
    .description('create, list, view, edit, copy, cancel and report')
  show
    .command('create')
    .description('create a show; asks for what is missing')
    .addOption(once('--name <text>', 'name of the show'))
    .addOption(once('--start-time <time>', 'ISO 8601, or a local time in --time-zone'))
    .addOption(once('--total-seats <n>', 'number of seats, 1 to 100,000'))
    .addOption(once('--seats-per-row <n>', 'gives the seats row labels: A1, A2, …'))
    .addOption(once('--time-zone <zone>', "IANA name (default: the system's)"))
    .action(action(() => import('./create.js')))
  show
    .command('list')
    .description('list shows in the order of their start; on a terminal, what is to come first')
    .option('--upcoming', 'only shows that have not started')
    .option('--past', 'only shows that have started')
    .addOption(once('--search <text>', 'only names with these words, or beginnings of words'))
    .addOption(once('--limit <n>', 'at most so many'))
    .option('--all', 'all of them, on a terminal too')
    .addOption(once('-o, --output <format>', 'format').choices(['table', 'json', 'ndjson', 'csv']))
    .action(action(() => import('./list.js')))
  show
    .command('view')
    .description('details of a show and its seat map')
    .argument('<show>', SHOW)
    .addOption(dateOption())
    .option('--history', 'what happened to it and to its bookings, instead of the map')
    .addOption(
      new Option('--watch', 'redraw it at every change; with --json, a line for each').conflicts(
        'history',
      ),
    )
    .action(action(() => import('./view.js')))
  show
    .command('edit')
    .description('change the name, the time or the size of a show')
    .argument('<show>', SHOW)
    .addOption(dateOption())
    .addOption(once('--name <text>', 'its new name'))
    .addOption(once('--start-time <time>', "ISO 8601, or a local time in the show's time zone"))
    .addOption(once('--time-zone <zone>', 'IANA name'))
    .addOption(once('--total-seats <n>', 'up at will; down never below a sold or held seat'))
    .action(action(() => import('./edit.js')))
  show
    .command('copy')
    .description('create shows with the house of another one, for a series')
    .argument('<show>', SHOW)
    .addOption(dateOption())
    .option('--start-time <time...>', 'when the new ones start: one show for each time')
    .addOption(once('--name <text>', 'their name (that of the show)'))
    .action(action(() => import('./copy.js')))
  show
    .command('cancel')
    .description('stop selling a show; its bookings stay, for refunds')
    .argument('<show>', SHOW)
    .addOption(dateOption())
    .option('--dry-run', 'only say what it would touch')
    .option('-y, --yes', 'do not ask; goes with --expect-bookings')
    .addOption(once('--expect-bookings <n>', 'only if just so many bookings are sold or held'))
    .action(action(() => import('./cancel.js')))
  show
    .command('report')
    .description('sold, held, house and free seats, by row, by hour and by operator')
    .argument('<show>', SHOW)
    .addOption(dateOption())
    .action(action(() => import('./report.js')))

  program
    .command('history')
    .description('what happened to a show, a seat or a booking, and by whom')
    .addOption(once('--show <show>', SHOW))
    .addOption(dateOption())
    .addOption(once('--seat <seat>', 'with --show: only what happened to this seat'))
    .addOption(once('--booking <booking>', 'only what happened to this booking'))
    .addOption(once('-o, --output <format>', 'format').choices(['table', 'json', 'ndjson', 'csv']))
    .action(action(() => import('../history/history.js')))
}
