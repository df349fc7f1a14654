import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { main } from '../../src/cli/main.js'
import type { RunEnvironment } from '../../src/client/run-environment.js'
import type { Io } from '../../src/terminal/io.js'

/** The result of one command line. */
export interface RanInProcess {
  exitCode: number
  stdout: string
  stderr: string
  /** stdout, parsed as one JSON document. */
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts the shape.
  json(): any
}

/**
 * Runs one command line inside this process, with real streams that are not terminals. It costs a
 * thirtieth of a process and runs the same code from `main` on. `COLUMNS` keeps each sentence on
 * one line. `input` is written to stdin. With `columns`, the streams claim to be a terminal of that
 * width.
 */
export async function runInProcess(
  argv: readonly string[],
  env: Record<string, string | undefined> = {},
  {
    input = '',
    columns,
    ...environment
  }: RunEnvironment & { input?: string; columns?: number } = {},
): Promise<RanInProcess> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  if (columns !== undefined) {
    for (const stream of [stdin, stdout, stderr]) Object.assign(stream, { isTTY: true, columns })
  }
  const width = columns === undefined ? { COLUMNS: '100000' } : {}
  const streams = { stdin: stdin.end(input), stdout, stderr, env: { ...width, ...env } }
  const texts = Promise.all([text(stdout), text(stderr)])
  const exitCode = await main(argv, streams as unknown as Io, environment)
  stdout.end()
  stderr.end()
  const [out, err] = await texts
  return { exitCode, stdout: out, stderr: err, json: () => JSON.parse(out) }
}
