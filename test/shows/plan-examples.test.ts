import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SeatPlan } from '../../src/house/plan/seat-plan.js'
import { openTickets, type Tickets } from '../../src/index.js'
import { tickets as runTickets } from '../support/cli.js'
import { cloneDatabase, type TestDatabase } from '../support/database.js'
import { examplePlan, planOf } from '../support/plans.js'

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

const PROCESSES = 50
/** The parties that buy each house, over and over. */
const EXAMPLES = {
  theatre: [2, 4, 1, 3, 2, 5, 2, 6, 1, 8, 3, 2],
  cinema: [2, 1, 3, 2, 4, 2, 5, 3, 1, 13],
  arena: [2, 31, 5, 17, 120, 3, 9, 260, 28, 1, 64],
}

it('50 processes at once book the examples of plans to the last seat', async () => {
  const files = Array.from({ length: PROCESSES }, () => ['show,count'])
  const houses: { plan: SeatPlan; show: string }[] = []
  for (const [name, sizes] of Object.entries(EXAMPLES)) {
    const { plan, show } = await open(name)
    houses.push({ plan, show })
    for (const [index, count] of partiesFor(plan, sizes).entries()) {
      files[index % PROCESSES]!.push(`${show},${count}`)
    }
  }
  const ran = await Promise.all(
    files.map((rows) =>
      runTickets(['book', '--file', '-', '--quiet'], {
        db: db.url,
        stdin: 'pipe',
        input: rows.join('\n'),
      }),
    ),
  )
  expect(ran.filter(({ exitCode }) => exitCode !== 0)).toEqual([])
  for (const { plan, show } of houses) await checkSoldOut(plan, show)
})

async function open(name: string): Promise<{ plan: SeatPlan; show: string }> {
  const text = examplePlan(name)
  const startTime = new Date('2040-12-25T19:00:00Z')
  const { id } = await box.createShow({ name, startTime, plan: text })
  return { plan: planOf(text), show: id }
}

/** Parties of these sizes, over and over, that together want each seat that `count` gives out. */
function partiesFor(plan: SeatPlan, sizes: readonly number[]): number[] {
  const parties: number[] = []
  let left = generalSeats(plan).length
  while (left > 0) {
    const size = Math.min(sizes[parties.length % sizes.length]!, left)
    parties.push(size)
    left -= size
  }
  return parties
}

/** All are sold that should be, each as the rules say, and nothing is left but accessible seats. */
async function checkSoldOut(plan: SeatPlan, show: string): Promise<void> {
  const sales: number[][] = []
  for await (const { action, after } of box.listHistory({ show })) {
    if (action === 'confirmed') sales.push(after!.seats as number[])
  }
  expect(sales.flat().toSorted((a, b) => a - b)).toEqual(generalSeats(plan))
  expect(avoidable(plan, sales)).toEqual([])
  await expect(box.book(show, { count: 1 })).rejects.toMatchObject({ code: 'NOT_ENOUGH_SEATS' })
  expect(await box.verify()).toMatchObject({ ok: true, violations: [] })
}

/**
 * The sales, in the order in which they were made, that divide a party that a block had room for,
 * give it a restricted view that another place in a block does not have, or leave a single seat that
 * such a place would not leave.
 */
function avoidable(plan: SeatPlan, sales: readonly number[][]): string[] {
  const free = new Set(generalSeats(plan))
  const restricted = new Set([...free].filter((seat) => plan.kindOf(seat) === 'restricted'))
  return sales.flatMap((seats) => {
    const places = placesFor(seats.length, { plan, free, restricted })
    const chosen = places.find(
      ({ start }) => start === seats[0] && start + seats.length - 1 === seats.at(-1),
    )
    const fewest = places.reduce((least, place) => Math.min(least, place.restricted), Infinity)
    const best = places.filter((place) => place.restricted === fewest)
    for (const seat of seats) free.delete(seat)
    const isBest =
      places.length === 0 ||
      (chosen?.restricted === fewest &&
        (!chosen.leavesSingle || best.every((place) => place.leavesSingle)))
    return isBest ? [] : [seats.map((seat) => plan.label(seat)).join(', ')]
  })
}

interface House {
  plan: SeatPlan
  free: ReadonlySet<number>
  restricted: ReadonlySet<number>
}

interface Place {
  start: number
  restricted: number
  leavesSingle: boolean
}

/** Every place for so many adjacent seats in one block. */
function placesFor(count: number, { plan, free, restricted }: House): Place[] {
  return plan.rows
    .flatMap((row) => row.blocks)
    .flatMap(({ first, last }) => {
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

/** The seats that are neither wheelchair places nor companions' seats. */
function generalSeats(plan: SeatPlan): number[] {
  return seatsFrom(1, plan.totalSeats).filter((seat) =>
    ['standard', 'restricted'].includes(plan.kindOf(seat)),
  )
}

function seatsFrom(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => start + index)
}
