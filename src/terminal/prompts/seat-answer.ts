/** How many seats, or which. `spec` is not checked yet: that needs a show. */
export type SeatAnswer = { count: number } | { spec: string }

/**
 * Reads an answer to "Which seats?". A bare number is a seat, so the best three are `3 best`,
 * `best 3`, `any 3`, `3 seats` or `3x`; everything else is a seat spec. `x3` is one: the third seat
 * of row X.
 */
export function parseSeatAnswer(text: string): SeatAnswer {
  const answer = text.trim()
  const digits = countForms.map((form) => form.exec(answer)?.[1]).find((found) => found)
  return digits === undefined ? { spec: answer } : { count: Number(digits) }
}

const countForms = [
  /^(\d+) *(?:best|any|seats?|x|\u00D7)$/i,
  /^(?:best|any) +(\d+)(?: *seats?)?$/i,
  /^(\d+) *best(?: *seats?)?$/i,
]
