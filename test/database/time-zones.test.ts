import { afterAll, beforeAll, expect, it } from 'vitest'
import { openTickets, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { withFacts } from '../support/wording.js'

let db: TestDatabase
let tickets: Tickets
beforeAll(async () => {
  db = await cloneDatabase()
  tickets = openTickets({ database: db.url })
})
afterAll(async () => {
  await tickets.close()
  await db.drop()
})

it('a show created by the library has an IANA time zone: other names are refused, and nothing is changed', async () => {
  const show = { name: 'Zoned', startTime: new Date('2031-01-01T19:00Z'), totalSeats: 5 }
  const { id, timeZone } = await tickets.createShow({ ...show, timeZone: 'europe/london' })
  expect(timeZone).toBe('Europe/London')
  for (const none of ['BST', 'CET-1CEST,M3.5.0,M10.5.0/3', 'SystemV/PST8PDT', 'Mars/Phobos', '']) {
    const refused = { code: 'INVALID_INPUT', message: withFacts('UTC') }
    await expect(tickets.createShow({ ...show, timeZone: none })).rejects.toMatchObject(refused)
    await expect(tickets.editShow(id, { timeZone: none })).rejects.toMatchObject(refused)
  }
  expect((await tickets.editShow(id, { timeZone: 'cet' })).timeZone).toBe('CET')
  expect(await db.sql('select time_zone from shows')).toEqual([{ time_zone: 'CET' }])
})
