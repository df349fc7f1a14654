import peak from './peak.cjs'

/** Runs in the worker: answers one command after another while the parent lives. */
export function serveCommands(commands) {
  process.on('message', async ({ command, args }) => {
    try {
      const answer = command === 'peak' ? peak.peakBytes() : await commands[command](args)
      process.send({ answer })
    } catch (error) {
      process.send({ error: error.stack })
    }
  })
  process.on('disconnect', () => process.exit())
}

/**
 * Sells to a crowd (`Crowd` in crowd.ts): `book({ show, seat }, caller)` ends when the booking is
 * confirmed or refused, `look(show, caller)` reads the map. `show` counts from 0. Returns the
 * `Answers` that the callers got.
 */
export async function sellTo(crowd, { book, look }) {
  const { callers, seats, showsAtOnce = 1, looks = 0, rampMs, windowMs } = crowd
  const answers = { booked: 0, times: [], looks: 0 }
  const sold = new Array(showsAtOnce).fill(0)
  const begin = performance.now() + rampMs
  const end = begin + windowMs
  const work = async (caller) => {
    const first = caller % showsAtOnce
    // Each begins at another step, so that map reads and bookings are mixed from the start.
    for (let step = caller, asked = performance.now(); asked < end; step++) {
      const show = first + showsAtOnce * Math.floor(sold[first] / seats)
      const isLook = step % (looks + 1) !== 0
      if (isLook) await look(show, caller)
      else await book({ show, seat: (sold[first]++ % seats) + 1 }, caller)
      const answered = performance.now()
      const isMeasured = answered >= begin && answered < end
      if (!isLook) answers.booked++
      if (isMeasured && isLook) answers.looks++
      if (isMeasured && !isLook) answers.times.push(answered - asked)
      asked = answered
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => work(caller)))
  return answers
}
