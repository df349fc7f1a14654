import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { inspect, parseArgs } from 'node:util'
import { openRunner } from './child.js'
import { drawPlots } from './plot.js'
import { isMet, type Measurement, type SectionResult } from './result.js'
import { cli } from './sections/cli.js'
import { completion } from './sections/completion.js'
import { file } from './sections/file.js'
import { houses } from './sections/houses.js'
import { http } from './sections/http.js'
import { memory } from './sections/memory.js'
import { mixed } from './sections/mixed.js'
import { peers } from './sections/peers.js'
import { picker } from './sections/picker.js'
import { processes } from './sections/processes.js'
import { refusals } from './sections/refusals.js'
import { scale } from './sections/scale.js'
import type { Bench, Section } from './sections/section.js'
import { shows } from './sections/shows.js'
import { describeMachine, withServer } from './server.js'
import { formatTable } from './table.js'

const SECTIONS = [
  peers,
  refusals,
  mixed,
  shows,
  http,
  memory,
  cli,
  processes,
  file,
  houses,
  scale,
  picker,
  completion,
]

const USAGE = `npm run bench -- [options]
  --only a,b       sections: ${SECTIONS.map(({ name }) => name).join(', ')}
  --quick          small and short, to see that everything works
  --bookings N     bookings of the largest database (10,000,000; one to forty for each show)
  --json FILE      where the figures go (a full run: docs/bench.json)
  --plots DIR      where the plots go (a full run: docs)
`

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    bookings: { type: 'string', default: '10000000' },
    json: { type: 'string' },
    plots: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) print(USAGE)
else process.exitCode = await runBench()

/**
 * Runs the sections in order. Returns the exit code: 1 if one failed. A missed goal is not a
 * failure.
 */
async function runBench(): Promise<number> {
  const sections = chosenSections()
  const isFull = sections.length === SECTIONS.length && !options.quick
  const jsonFile = options.json ?? (isFull ? inDocs('bench.json') : undefined)
  const plots = options.plots ?? (isFull ? inDocs('') : undefined)
  const started = new Date()
  const done: (SectionResult & { section: string; title: string })[] = []
  let hasFailed = false

  const machine = await withServer(async (server) => {
    const machine = await describeMachine(server)
    print(
      Object.entries(machine)
        .map(([name, value]) => `${name}: ${value}\n`)
        .join(''),
    )
    const bench: Bench = {
      server,
      runner: openRunner(server),
      isQuick: options.quick,
      bookings: Number(options.bookings),
      progress: (sentence) => process.stderr.write(`  ${sentence}\n`),
    }
    for (const section of sections) {
      const result = await attempt(section, bench)
      hasFailed ||= result === undefined
      if (result) done.push({ section: section.name, title: section.title, ...result })
    }
    return machine
  })

  const measurements = done.flatMap((section) => section.measurements)
  const minutes = ((Date.now() - started.getTime()) / 60_000).toFixed(1)
  print(`\n${summary(measurements)}\nThe run took ${minutes} minutes.\n`)
  if (jsonFile) {
    const { quick, bookings } = options
    const report = { started, quick, bookings: Number(bookings), machine, sections: done }
    await writeFile(jsonFile, `${JSON.stringify(report, null, 2)}\n`)
  }
  if (plots !== undefined) {
    for (const { file, svg } of drawPlots(done.flatMap(({ points = [] }) => points))) {
      await writeFile(join(plots, file), svg)
    }
  }
  return hasFailed ? 1 : 0
}

function chosenSections(): Section[] {
  const names = options.only?.split(',') ?? SECTIONS.map(({ name }) => name)
  return names.map((name) => {
    const section = SECTIONS.find((candidate) => candidate.name === name)
    if (!section) throw new Error(`There is no section ${name}.\n${USAGE}`)
    return section
  })
}

/** Runs a section. If it fails, prints why, and the other sections still run. */
async function attempt(section: Section, bench: Bench): Promise<SectionResult | undefined> {
  print(`\n## ${section.title}\n\n`)
  const started = performance.now()
  try {
    const result = await section.run(bench)
    const seconds = ((performance.now() - started) / 1000).toFixed(0)
    const notes = [...(result.notes ?? []), `${section.name} took ${seconds} s.`]
    print(`${[...(result.tables ?? []), formatTable(result.measurements)].join('\n\n')}\n\n`)
    print(`${notes.join('\n')}\n`)
    return result
  } catch (error) {
    print(`FAILED: ${inspect(error)}\n`)
    return undefined
  }
}

function summary(measurements: readonly Measurement[]): string {
  const missed = measurements.filter((measurement) =>
    measurement.targets?.some((target) => !isMet(measurement, target)),
  )
  const targets = measurements.flatMap((measurement) => measurement.targets ?? [])
  if (missed.length === 0) return `All ${targets.length} goals are met.`
  return [`MISSED:`, ...missed.map(({ what }) => `- ${what}`)].join('\n')
}

function inDocs(name: string): string {
  return fileURLToPath(new URL(`../../docs/${name}`, import.meta.url))
}

function print(text: string): void {
  process.stdout.write(text)
}
