import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tickets } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})
afterAll(() => db.drop())

describe('book', () => {
  it('books the seat that was asked for, and it is in the database', async () => {
    const create = ['show', 'create', '--name', 'Cats', '--start-time', '2030-01-01T19:00Z']
    const show = (
      await tickets([...create, '--total-seats', '10', '--json'], { db: db.url })
    ).json()
    const ran = await tickets(['book', show.id, '--seats', '5', '--json'], { db: db.url })
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
    expect(ran.json()).toMatchObject({ status: 'CONFIRMED', seats: [5], replayed: false })
    expect(await db.sql('select status, seats from bookings')).toEqual([
      { status: 'CONFIRMED', seats: [5] },
    ])
  })
})
