import { describe, expect, it } from 'vitest'
import { planLoad } from '../../../../src/cli/commands/stress/load-plan.js'
import { parseSeats } from '../../../../src/house/seats.js'
import { percentilesOf } from '../../../../src/shared/percentiles.js'
import { renderHistogram } from '../../../../src/terminal/render/charts.js'

const plan = {
  bookings: 2000,
  seatsPerBooking: { min: 1, max: 4 },
  layout: { totalSeats: 100, seatsPerRow: 10 },
  seed: 1,
}

describe('planLoad', () => {
  it('the same seed requests the same seats, another one others', () => {
    expect(planLoad(plan)).toEqual(planLoad(plan))
    expect(planLoad(plan)).not.toEqual(planLoad({ ...plan, seed: 2 }))
  })

  it('every request is valid for the house', () => {
    for (const totalSeats of [1, 3, 100]) {
      const layout = { totalSeats, seatsPerRow: 1 }
      for (const { seats, count } of planLoad({ ...plan, layout })) {
        const wanted = count ?? parseSeats(String(seats), layout).length
        expect(wanted).toBeGreaterThanOrEqual(1)
        expect(wanted).toBeLessThanOrEqual(Math.min(4, totalSeats))
      }
    }
  })

  it('many requests want the same seats: seat 1 is wanted far more often than a seat at the back', () => {
    const wanted = planLoad(plan).flatMap(({ seats }) =>
      seats === undefined ? [] : parseSeats(String(seats), plan.layout),
    )
    const times = (seat: number) => wanted.filter((other) => other === seat).length
    expect(times(1)).toBeGreaterThan(10 * Math.max(1, times(80)))
    expect(times(80)).toBeGreaterThan(0)
  })
})

describe('percentilesOf', () => {
  it.each([
    [[], null],
    [[5], { p50: 5, p95: 5, p99: 5, max: 5 }],
    [[3, 1, 2], { p50: 2, p95: 3, p99: 3, max: 3 }],
    [Array.from({ length: 1000 }, (_, i) => 1000 - i), { p50: 500, p95: 950, p99: 990, max: 1000 }],
  ])('of %j is a value that was measured', (values, expected) => {
    expect(percentilesOf(values)).toEqual(expected)
  })
})

describe('renderHistogram', () => {
  const style = { columns: 40, color: false, unicode: true }

  it('counts every value once, for small, large and equal values', () => {
    for (const values of [[0], [7, 7, 7], [0, 0.4, 999_999_999, 5e9], [1, 20, 300, 4000, 50_000]]) {
      const counts = renderHistogram(values, style).match(/\d+$/gm)!.map(Number)
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length)
    }
  })

  it('draws nothing for no values, and never more than the columns it has', () => {
    expect(renderHistogram([], style)).toBe('')
    const values = Array.from({ length: 12_345 }, (_, i) => 1 + (i % 5000))
    for (const line of renderHistogram(values, style).split('\n')) {
      expect(line.length).toBeLessThanOrEqual(40)
    }
  })
})
