// The library as users have it, controlled by the parent process. Argument: the URL of the
// database.
import { openTickets } from 'tickets-box-office'
import { sellTo, serveCommands } from './serve-commands.mjs'

const tickets = openTickets({ database: process.argv[2], connections: 4 })

serveCommands({
  /** Sells these shows to the callers. */
  sell: ({ shows, ...crowd }) =>
    sellTo(crowd, {
      book: ({ show, seat }) => book(shows[show % shows.length], seat),
      look: (show) => tickets.viewShow(shows[show % shows.length]),
    }),

  /** The violations that `verify` finds in the whole database. */
  async verify() {
    const { violations } = await tickets.verify()
    return violations
  },

  /**
   * Calls a method with each of these arguments, for a second. Returns the milliseconds of each
   * call.
   */
  async time({ method, calls }) {
    const times = []
    const deadline = performance.now() + 1000
    for (const args of calls) {
      if (times.length > 0 && performance.now() > deadline) break
      times.push(await timed(() => call(method, args)))
    }
    return times
  },
})

async function book(show, seat) {
  try {
    await tickets.book(show, { seats: [seat] })
  } catch (error) {
    if (error.code !== 'SEATS_TAKEN') throw error
  }
}

/** Lists are read to their end. */
async function call(method, args) {
  if (!method.startsWith('list')) return tickets[method](...args)
  return expectRows(await all(tickets[method](...args)))
}

async function all(rows) {
  const found = []
  for await (const row of rows) found.push(row)
  return found
}

/** Throws if a lookup found nothing: its time would say nothing. */
function expectRows(rows) {
  if (rows.length === 0) throw new Error('It found nothing.')
}

async function timed(work) {
  const started = performance.now()
  await work()
  return performance.now() - started
}
