import { emitKeypressEvents } from 'node:readline'

/**
 * Calls `onKey` for every key while `work` runs, without echo; Ctrl-C interrupts the program as
 * usual. If stdin is not a terminal, there are no keys.
 */
export async function withRawKeys<T>(
  stdin: NodeJS.ReadStream,
  onKey: (name: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  if (!stdin.isTTY) return work()
  const listener = (_: string, { name = '', ctrl }: { name?: string; ctrl?: boolean }) => {
    if (ctrl && name === 'c') process.kill(process.pid, 'SIGINT')
    else onKey(ctrl ? `ctrl-${name}` : name)
  }
  emitKeypressEvents(stdin)
  stdin.setRawMode(true).on('keypress', listener).resume()
  try {
    return await work()
  } finally {
    stdin.off('keypress', listener).setRawMode(false).pause()
  }
}
