import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SeatPlan } from '../../src/house/plan/seat-plan.js'
import { openTickets, type Tickets } from '../../src/index.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { runInProcess } from '../support/in-process.js'
import { blocksIn, examplePath, examplePlan, planOf } from '../support/plans.js'

let db: TestDatabase
let box: Tickets
beforeAll(async () => {
  db = await cloneDatabase()
  box = openTickets({ database: db.url })
})
afterAll(async () => {
  await box.close()
  await db.drop()
})

const CLERKS = 50
/** The parties that buy each house, over and over. */
const EXAMPLES = {
  theatre: [2, 4, 1, 3, 2, 5, 2, 6, 1, 8, 3, 2],
  cinema: [2, 1, 3, 2, 4, 2, 5, 3, 1, 13],
  arena: [2, 31, 5, 17, 120, 3, 9, 260, 28, 1, 64],
}

it('50 clerks at once book the examples of plans to the last seat', async () => {
  const houses: { plan: SeatPlan; show: string }[] = []
  const parties: string[] = []
  const lastParties: string[] = []
  for (const [name, sizes] of Object.entries(EXAMPLES)) {
    const { plan, show } = await open(name)
    houses.push({ plan, show })
    const accessible = accessibleSeats(plan)
    // One party with a wheelchair for each group of these seats, so that it has a companion’s seat.
    const pairs = accessible.filter((seat) => !accessible.includes(seat - 1)).length
    const left = accessible.length - 2 * pairs
    for (const count of partiesFor(generalSeats(plan).length, sizes)) {
      parties.push(`${show},${count},,`)
    }
    for (let pair = 0; pair < pairs; pair++) parties.splice(7 * pair, 0, `${show},2,yes,`)
    for (const count of partiesFor(left, [3, 1, 9, 6])) lastParties.push(`${show},${count},,yes`)
  }
  await bookAtOnce(parties)
  // These would otherwise take general seats, which the parties above need.
  await bookAtOnce(lastParties)
  for (const { plan, show } of houses) await checkSoldOut(plan, show)
})

it.each(Object.keys(EXAMPLES))('the example %s has no errors, and is drawn', async (name) => {
  const file = fileURLToPath(examplePath(name))
  const { totalSeats, sections } = planOf(examplePlan(name))
  const checked = await runInProcess(['plan', 'check', file, '--json'])
  expect(checked.exitCode).toBe(0)
  expect(checked.json()).toMatchObject({ ok: true, total_seats: totalSeats, faults: [] })
  const printed = await runInProcess(['plan', 'print', file])
  expect(printed).toMatchObject({ exitCode: 0, stderr: '' })
  for (const section of sections) expect(printed.stdout).toContain(section.name)
})

/** Books these rows in this order; each clerk books every fiftieth one, over a separate connection. */
async function bookAtOnce(parties: readonly string[]): Promise<void> {
  const files = Array.from({ length: Math.min(CLERKS, parties.length) }, (_, clerk) =>
    parties.filter((_, index) => index % CLERKS === clerk),
  )
  const ran = await Promise.all(
    files.map((rows) =>
      // Fifty wait for three shows: on a slow machine, longer than by default.
      runInProcess(
        ['book', '--file', '-', '--quiet', '--wait', '3m'],
        { DATABASE_URL: db.url },
        { input: ['show,count,accessible,include_accessible', ...rows].join('\n') },
      ),
    ),
  )
  expect(ran.filter(({ exitCode }) => exitCode !== 0)).toEqual([])
}

async function open(name: string): Promise<{ plan: SeatPlan; show: string }> {
  const text = examplePlan(name)
  const startTime = new Date('2040-12-25T19:00:00Z')
  const { id } = await box.createShow({ name, startTime, plan: text })
  return { plan: planOf(text), show: id }
}

/** Parties of these sizes, repeated, that together want all these seats. */
function partiesFor(seats: number, sizes: readonly number[]): number[] {
  const parties: number[] = []
  let left = seats
  while (left > 0) {
    const size = Math.min(sizes[parties.length % sizes.length]!, left)
    parties.push(size)
    left -= size
  }
  return parties
}

/** Every seat is sold according to the rules. */
async function checkSoldOut(plan: SeatPlan, show: string): Promise<void> {
  const sales: number[][] = []
  for await (const { action, after } of box.listHistory({ show })) {
    if (action === 'confirmed') sales.push(after!.seats as number[])
  }
  expect(sales.flat().toSorted((a, b) => a - b)).toEqual(seatsFrom(1, plan.totalSeats))
  expect(avoidable(plan, sales)).toEqual([])
  await expect(box.book(show, { count: 1, includeAccessible: true })).rejects.toMatchObject({
    code: 'NOT_ENOUGH_SEATS',
  })
  expect(await box.verify()).toMatchObject({ ok: true, violations: [] })
}

/**
 * The sales, in the order in which they were made, that split a party that a block had room for,
 * give it a restricted view that another place in a block does not have, or leave a single seat
 * that such a place would not leave; or that sell accessible seats while general ones are free,
 * other than a wheelchair place with its companion seat.
 */
function avoidable(plan: SeatPlan, sales: readonly number[][]): string[] {
  const free = new Set(generalSeats(plan))
  const restricted = new Set([...free].filter((seat) => plan.kindOf(seat) === 'restricted'))
  const blocks = plan.rows.flatMap(blocksIn)
  return sales.flatMap((seats) => {
    const places = placesFor(seats.length, { blocks, free, restricted })
    const chosen = places.find(
      ({ start }) => start === seats[0] && start + seats.length - 1 === seats.at(-1),
    )
    const fewest = places.reduce((least, place) => Math.min(least, place.restricted), Infinity)
    const best = places.filter((place) => place.restricted === fewest)
    const kinds = seats.map((seat) => plan.kindOf(seat)).toSorted()
    const isAccessible = kinds.includes('companion') || kinds.includes('wheelchair')
    const isAllowed = free.size === 0 || kinds.join() === 'companion,wheelchair'
    for (const seat of seats) free.delete(seat)
    const isBest =
      (isAccessible ? isAllowed : places.length === 0) ||
      (chosen?.restricted === fewest &&
        (!chosen.leavesSingle || best.every((place) => place.leavesSingle)))
    return isBest ? [] : [seats.map((seat) => plan.label(seat)).join(', ')]
  })
}

interface House {
  blocks: readonly { first: number; last: number }[]
  free: ReadonlySet<number>
  restricted: ReadonlySet<number>
}

interface Place {
  start: number
  restricted: number
  leavesSingle: boolean
}

/** Every place for so many adjacent seats in one block. */
function placesFor(count: number, { blocks, free, restricted }: House): Place[] {
  return blocks.flatMap(({ first, last }) => {
    const places: Place[] = []
    for (let begin = first; begin <= last; ) {
      let end = begin
      while (end <= last && free.has(end)) end++
      for (let start = begin; start + count <= end; start++) {
        const left = [start - begin, end - start - count]
        places.push({
          start,
          restricted: seatsFrom(start, count).filter((seat) => restricted.has(seat)).length,
          leavesSingle: left.includes(1),
        })
      }
      begin = Math.max(end, begin + 1)
    }
    return places
  })
}

/** The seats that are neither wheelchair places nor companion seats. */
function generalSeats(plan: SeatPlan): number[] {
  return seatsFrom(1, plan.totalSeats).filter((seat) =>
    ['standard', 'restricted'].includes(plan.kindOf(seat)),
  )
}

function accessibleSeats(plan: SeatPlan): number[] {
  const general = new Set(generalSeats(plan))
  return seatsFrom(1, plan.totalSeats).filter((seat) => !general.has(seat))
}

function seatsFrom(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => start + index)
}
