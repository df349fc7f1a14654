import { expect } from 'vitest'
import { openTickets, type Tickets, type TicketsOptions } from '../../src/index.js'
import { type OwnServer, startOwnServer } from '../support/own-server.js'

/** A box office on its own server, which a test may crash, disconnect and fill up. */
export interface BoxOffice {
  server: OwnServer
  /** For `--db`. */
  url: string
  /** The library, with its own connections; closed with the box office. */
  open(options?: TicketsOptions): Tickets
  /** Creates a show with an empty house, and returns its id. */
  createShow(totalSeats: number): Promise<string>
  /** The bookings of a show, oldest first. */
  bookings(show: string): Promise<BookingFacts[]>
  /**
   * Checks with separate SQL and with `verify` that nothing is sold twice and nothing is lost, in
   * one show or in all.
   */
  expectSound(show?: string): Promise<void>
  remove(): Promise<void>
}

export interface BookingFacts {
  id: string
  status: string
  seats: number[]
  customer: string | null
  failure: string | null
}

export async function openBoxOffice(settings: Record<string, string> = {}): Promise<BoxOffice> {
  const server = await startOwnServer({ settings: { fsync: 'on', ...settings } })
  const url = `postgresql://owner@/owner?host=${encodeURIComponent(server.socketDir)}&port=${server.port}`
  const opened: Tickets[] = []
  const open = (options: TicketsOptions = {}) => {
    const box = openTickets({ database: url, ...options })
    opened.push(box)
    return box
  }
  const own = open()
  await own.migrate()
  return {
    server,
    url,
    open,
    createShow: async (totalSeats) => {
      const startTime = new Date('2031-01-01T19:00:00Z')
      return (await own.createShow({ name: 'The Tempest', startTime, totalSeats })).id
    },
    bookings: (show) => bookingFacts(server, show),
    expectSound: async (show) => {
      await expectSoundBySql(server, show)
      expect(await own.verify(show === undefined ? {} : { show })).toMatchObject({
        ok: true,
        violations: [],
      })
    },
    async remove() {
      await Promise.all(opened.map((box) => box.close()))
      await server.remove()
    },
  }
}

async function bookingFacts({ run }: OwnServer, show: string): Promise<BookingFacts[]> {
  const { rows } = await run(
    `select id, status, seats, customer, failure ->> 'code' as failure
     from bookings where show_id = '${show}' order by id`,
  )
  return rows
}

async function expectSoundBySql({ run }: OwnServer, show?: string): Promise<void> {
  const only = show === undefined ? '' : `and shows.id = '${show}'`
  const { rows } = await run(`
    with sold as (
      select show_id || ' ' || seat as seat, count(*) as times
      from shows join bookings on show_id = shows.id, unnest(seats) as seat
      where status = 'CONFIRMED' ${only} group by 1
    ), marked as (
      select id || ' ' || seat as seat from shows, generate_series(1, total_seats) as seat
      where get_bit(booked_seats, seat - 1) = 1 ${only}
    )
    select
      array(select seat from sold where times > 1) as twice,
      array(select seat from sold except select seat from marked) as unmarked,
      array(select seat from marked except select seat from sold) as unsold,
      array(select id from shows where confirmed_seats_count <> (
        select count(*) from bookings, unnest(seats)
        where show_id = shows.id and status = 'CONFIRMED') ${only}) as miscounted`)
  expect(rows).toEqual([{ twice: [], unmarked: [], unsold: [], miscounted: [] }])
}
