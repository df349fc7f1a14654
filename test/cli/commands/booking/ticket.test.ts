import { encode } from 'uqr'
import { describe, expect, test } from 'vitest'
import { renderTicket } from '../../../../src/cli/commands/booking/ticket.js'

const plain = { columns: 80, color: false, unicode: true }
const ascii = { ...plain, unicode: false }

describe('a ticket', () => {
  const ticket = {
    booking: { customer: null, reference: 'K7Q2-9FMX' },
    show: {
      ...{ name: 'The Lion King', startTime: new Date(0), timeZone: 'UTC', cancelledAt: null },
      ...{ totalSeats: 100, seatsPerRow: 10 },
    },
    seats: [1],
  }
  const { data } = encode('K7Q2-9FMX', { ecc: 'M', border: 2 })
  /** The modules of the code that are drawn on this background. */
  const writtenOn = (style: typeof plain, isDark: boolean) => {
    const drawn = renderTicket(ticket, style, isDark)
    const height = Math.ceil(data.length / (style.unicode ? 2 : 1))
    const lines = drawn.split('\n').slice(-height - 1, -1)
    const rows = lines.flatMap((line) => {
      const cells = [...line.slice(2).padEnd(2 * data.length)]
      if (!style.unicode) return [cells.filter((_, i) => i % 2 === 0).map((cell) => cell === '#')]
      return ['█▀', '█▄'].map((signs) => cells.map((cell) => signs.includes(cell)))
    })
    return data.map((row, y) => row.map((_, x) => rows[y]?.[x]))
  }

  test('has a code that is dark on light, on any background', () => {
    for (const style of [plain, ascii]) {
      expect(writtenOn(style, false)).toEqual(data)
      expect(writtenOn(style, true)).toEqual(data.map((row) => row.map((isDark) => !isDark)))
    }
  })
})
