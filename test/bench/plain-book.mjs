// One booking as a plain script: knex, no bundle, the same statements. Arguments: the connection as
// JSON, the id of the show, the seat.
import { randomInt, randomUUID } from 'node:crypto'
import createKnex from 'knex'

const [connection, showId, seat] = process.argv.slice(-3)
book(JSON.parse(connection), showId, Number(seat))

async function book(connection, showId, seat) {
  const knex = createKnex({ client: 'pg', connection, pool: { min: 0, max: 1 } })
  const id = randomUUID()
  await knex('bookings').insert({
    id,
    reference: newReference(),
    show_id: showId,
    status: 'PENDING',
    seats: [seat],
    pending_until: knex.raw(`clock_timestamp() + interval '90 s'`),
  })
  const booking = await knex.transaction(async (trx) => {
    const show = await trx('shows').where({ id: showId }).forUpdate().first()
    const known = await trx('bookings')
      .where({ id })
      .orWhere((held) => held.where({ show_id: showId, status: 'HELD' }))
    const isHeld = known.some((row) => row.id !== id && row.seats.includes(seat))
    const seats = show.booked_seats
    const byte = (seat - 1) >> 3
    const bit = 1 << ((seat - 1) & 7)
    if (isHeld || (seats[byte] & bit) !== 0) throw new Error(`Seat ${seat} is taken.`)
    seats[byte] |= bit
    await trx('shows')
      .where({ id: showId })
      .update({
        booked_seats: seats,
        confirmed_seats_count: trx.raw('confirmed_seats_count + 1'),
        updated_at: trx.raw('clock_timestamp()'),
      })
    const [row] = await trx('bookings')
      .where({ id, status: 'PENDING' })
      .update({
        status: 'CONFIRMED',
        pending_until: null,
        updated_at: trx.raw('clock_timestamp()'),
      })
      .returning('*')
    return row
  })
  process.stdout.write(`${JSON.stringify(booking)}\n`)
  await knex.destroy()
}

function newReference() {
  const alphabet = '23456789ABCDEFGHJKMNPQRSTVWXYZ'
  return Array.from({ length: 8 }, () => alphabet[randomInt(alphabet.length)]).join('')
}
