import peak from './peak.cjs'

/** The worker's side: answers one command after another while the parent lives. */
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
 * Sends a crowd (`Crowd` in crowd.ts): `book({ show, seat }, caller)` ends when the booking is
 * confirmed or refused, `look(show, caller)` reads the map. `show` counts from 0. What the callers
 * saw (`Told`) after the ramp.
 */
export async function rush(crowd, { book, look }) {
  const { callers, seats, lanes = 1, looks = 0, rampMs, windowMs } = crowd
  const told = { booked: 0, times: [], looks: 0 }
  const turns = new Array(lanes).fill(0)
  const begin = performance.now() + rampMs
  const end = begin + windowMs
  const work = async (caller) => {
    const lane = caller % lanes
    // Each begins at another step, so that looks and bookings come mixed from the start.
    for (let step = caller, asked = performance.now(); asked < end; step++) {
      const show = lane + lanes * Math.floor(turns[lane] / seats)
      const isLook = step % (looks + 1) !== 0
      if (isLook) await look(show, caller)
      else await book({ show, seat: (turns[lane]++ % seats) + 1 }, caller)
      const answered = performance.now()
      const isMeasured = answered >= begin && answered < end
      if (!isLook) told.booked++
      if (isMeasured && isLook) told.looks++
      if (isMeasured && !isLook) told.times.push(answered - asked)
      asked = answered
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => work(caller)))
  return told
}
