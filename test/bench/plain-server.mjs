// A stand-in for the system that this one replaces: the same route, and its README's six steps for
// each booking alone, with the booked seats as an array in the show's row and a pool of five, which
// is Sequelize's default. Argument: the connection as JSON. Prints where it listens.
import { randomUUID } from 'node:crypto'
import fastify from 'fastify'
import createKnex from 'knex'

const knex = createKnex({
  client: 'pg',
  connection: JSON.parse(process.argv[2]),
  pool: { min: 0, max: 5 },
  acquireConnectionTimeout: 600_000,
})

const app = fastify()
app.post('/shows/:show/book', async (request, reply) => {
  const booking = await book(request.params.show, request.body.seats)
  return reply.code(booking.status === 'CONFIRMED' ? 201 : 409).send(booking)
})
process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`)
process.once('SIGTERM', () => process.exit())

async function book(show, seats) {
  const id = randomUUID()
  await knex('original_bookings').insert({ id, show_id: show, seats, status: 'PENDING' })
  return knex.transaction(async (trx) => {
    const { booked_seats: booked } = await trx('original_shows')
      .where({ id: show })
      .forUpdate()
      .first()
    const isFree = seats.every((seat) => !booked.includes(seat))
    if (isFree) {
      await trx('original_shows')
        .where({ id: show })
        .update({ booked_seats: [...booked, ...seats], updated_at: new Date() })
    }
    const [booking] = await trx('original_bookings')
      .where({ id })
      .update({ status: isFree ? 'CONFIRMED' : 'FAILED', updated_at: new Date() })
      .returning('*')
    return booking
  })
}
