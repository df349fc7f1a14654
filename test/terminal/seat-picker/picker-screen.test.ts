import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SeatSet } from '../../../src/house/seat-set.js'
import { seatLabel } from '../../../src/house/seats.js'
import { textWidth } from '../../../src/terminal/render/fit-text.js'
import { seatGridFor } from '../../../src/terminal/seat-map/seat-grid.js'
import { drawPicker } from '../../../src/terminal/seat-picker/picker-screen.js'
import { startPicking } from '../../../src/terminal/seat-picker/picker-state.js'

const style = { columns: 80, rows: 24, color: false, unicode: true }

function empty(totalSeats: number, seatsPerRow: number | null) {
  return {
    totalSeats,
    seatsPerRow,
    booked: SeatSet.empty(totalSeats),
    held: SeatSet.empty(totalSeats),
  }
}

const houses = fc
  .record({
    totalSeats: fc.integer({ min: 1, max: 5000 }),
    seatsPerRow: fc.option(fc.integer({ min: 1, max: 300 })),
  })
  .map(({ totalSeats, seatsPerRow }) =>
    empty(totalSeats, seatsPerRow && Math.min(seatsPerRow, totalSeats)),
  )

describe('the screen of the picker', () => {
  it('fits the terminal and shows the cursor, for any house, size and key', () => {
    const sizes = fc.record({
      columns: fc.integer({ min: 24, max: 140 }),
      rows: fc.integer({ min: 8, max: 60 }),
    })
    const places = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(2000))
    fc.assert(
      fc.property(houses, sizes, places, (house, size, [place, top]) => {
        const cursor = 1 + Math.floor(place * (house.totalSeats - 1))
        const picking = { ...startPicking({ house, picked: [cursor] }), cursor }
        const screen = drawPicker(picking, 'A long heading '.repeat(8), top, { ...style, ...size })
        expect(screen.lines.length).toBeLessThanOrEqual(size.rows)
        for (const line of screen.lines) {
          expect(textWidth(line)).toBeLessThanOrEqual(size.columns)
        }
        const line = screen.grid.lineOf(cursor)
        expect(line).toBeGreaterThanOrEqual(screen.top)
        expect(line).toBeLessThan(screen.top + screen.page)
        const text = stripVTControlCharacters(screen.lines.join('\n'))
        expect(text).toContain(`★ ${seatLabel(cursor, house)} yours`)
      }),
      { numRuns: 100 },
    )
  })

  it('names every key at any width, and explains it if there are rows for that', () => {
    fc.assert(
      fc.property(fc.integer({ min: 24, max: 140 }), fc.constantFrom(12, 24), (columns, rows) => {
        const picking = startPicking({ house: empty(100, 10) })
        const { lines } = drawPicker(picking, 'Cats', 0, { ...style, columns, rows })
        const text = lines.join('\n')
        for (const key of ['space', 'enter', '4 \\+ -', 'B12', 'esc']) {
          const hasWords = rows >= 16 || key === 'enter'
          const shown = new RegExp(hasWords ? `${key} [a-z]{2,}` : key)
          expect([columns, text]).toEqual([columns, expect.stringMatching(shown)])
        }
        expect(text).toMatch(/100 [\s\S]*\b0 [\s\S]*\b0 /)
        expect(lines.length).toBeLessThanOrEqual(rows)
      }),
    )
  })

  it('scrolls no further than the cursor needs', () => {
    const picking = startPicking({ house: empty(1000, 10) })
    const at = (row: number, top: number) =>
      drawPicker({ ...picking, cursor: row * 10 + 1 }, '', top, style)
    const { page } = at(0, 0)
    expect(at(page - 2, 0).top).toBe(0)
    expect(at(page - 1, 0).top).toBe(1)
    expect(at(50, 0).top).toBe(50 - page + 2)
    expect(at(51, 50 - page + 3).top).toBe(50 - page + 3)
    expect(at(99, 0)).toMatchObject({ top: 100 - page })
  })

  it('counts lines above and below only if they do not all fit', () => {
    const picking = startPicking({ house: empty(140, 10) })
    const draw = (rows: number) => drawPicker(picking, 'Cats', 0, { ...style, rows })
    for (const rows of [23, 24, 25]) {
      expect(draw(rows)).toMatchObject({ page: 14, lines: { length: rows } })
      expect(draw(rows).lines.join()).not.toContain('more line')
    }
    expect(draw(22)).toMatchObject({ page: 11, lines: { length: 22 } })
    expect(draw(22).lines.join()).toContain('↓ 3 more lines')
  })

  it('marks the cursor if there is no space for brackets', () => {
    const { lines } = drawPicker(startPicking({ house: empty(40, 40) }), '', 0, {
      ...style,
      columns: 52,
    })
    expect(lines.find((line) => line.startsWith('  A'))).toContain('A  \u001b[7m○\u001b[27m○○')
  })
})

it('each seat is found on the line that shows it, and every line is counted', () => {
  fc.assert(
    fc.property(houses, fc.integer({ min: 24, max: 120 }), (house, columns) => {
      const grid = seatGridFor(house, columns)
      const lines = Array.from({ length: grid.lineCount }, (_, index) => grid.lineAt(index))
      let seat = 1
      for (const [index, line] of lines.entries()) {
        expect(line.first).toBe(seat)
        expect(grid.lineOf(line.first)).toBe(index)
        expect(grid.lineOf(line.last)).toBe(index)
        seat = line.last + 1
      }
      expect(seat).toBe(house.totalSeats + 1)
    }),
    { numRuns: 60 },
  )
})
