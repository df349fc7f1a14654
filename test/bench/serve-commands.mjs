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

/** Calls `book` once for each seat from `first` on, `callers` at a time; milliseconds for them all. */
export async function sell({ first, count, callers }, book) {
  let next = first
  const started = performance.now()
  const work = async (caller) => {
    while (next < first + count) await book(next++, caller)
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => work(caller)))
  return performance.now() - started
}
