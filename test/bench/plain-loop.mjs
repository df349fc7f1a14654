// What a good programmer writes by hand: node-postgres, prepared statements, one booking at a time
// for each connection. Argument: the connection as JSON.
import { randomInt, randomUUID } from 'node:crypto'
import pg from 'pg'
import { sell, serveCommands } from './serve-commands.mjs'

const settings = JSON.parse(process.argv[2])
const clients = []

serveCommands({
  /** Sells seats of one show one by one; milliseconds for them all. */
  async sell({ show, ...sale }) {
    while (clients.length < sale.callers) clients.push(await connect())
    return sell(sale, (seat, caller) => book(clients[caller], show, seat))
  },
})

async function book(client, show, seat) {
  const id = randomUUID()
  await client.query({ ...INSERT, values: [id, newReference(), show, [seat]] })
  await client.query('begin')
  const { rows } = await client.query({ ...LOCK, values: [show] })
  const { booked_seats: seats } = rows[0]
  const known = await client.query({ ...READ, values: [id, show] })
  const isHeld = known.rows.some((row) => row.role === 'hold' && row.seats.includes(seat))
  const byte = (seat - 1) >> 3
  const bit = 1 << ((seat - 1) & 7)
  if (isHeld || (seats[byte] & bit) !== 0) throw new Error(`Seat ${seat} is taken.`)
  seats[byte] |= bit
  await client.query({ ...SELL, values: [show, seats] })
  const confirmed = await client.query({ ...CONFIRM, values: [id] })
  await client.query('commit')
  return confirmed.rows[0]
}

const INSERT = {
  name: 'insert',
  text: `insert into bookings (id, reference, show_id, status, seats, pending_until)
         values ($1, $2, $3, 'PENDING', $4, clock_timestamp() + interval '90 s')`,
}
const LOCK = {
  name: 'lock',
  text: `select id, total_seats, seats_per_row, booked_seats, cancelled_at
         from shows where id = $1 for update`,
}
const READ = {
  name: 'read',
  text: `select 'own' as role, bookings.* from bookings where id = $1
         union all
         select 'hold', bookings.* from bookings where show_id = $2 and status = 'HELD'
           and (held_until is null or held_until > clock_timestamp())`,
}
const SELL = {
  name: 'sell',
  text: `update shows set booked_seats = $2, confirmed_seats_count = confirmed_seats_count + 1,
           updated_at = clock_timestamp()
         where id = $1`,
}
const CONFIRM = {
  name: 'confirm',
  text: `update bookings
         set status = 'CONFIRMED', pending_until = null, updated_at = clock_timestamp()
         where id = $1 and status = 'PENDING' returning *`,
}

async function connect() {
  const client = new pg.Client(settings)
  await client.connect()
  return client
}

function newReference() {
  const alphabet = '23456789ABCDEFGHJKMNPQRSTVWXYZ'
  return Array.from({ length: 8 }, () => alphabet[randomInt(alphabet.length)]).join('')
}
