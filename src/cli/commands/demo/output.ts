import { relative } from 'node:path'
import type { BookingOutcome, BookingRequest, Show, ShowDetails } from '../../../client/api.js'
import { TicketsError } from '../../../shared/errors.js'
import { formatDuration } from '../../../shared/time/duration.js'
import type { Output } from '../../../terminal/io.js'
import { alternativesHint } from '../../../terminal/render/problem-card.js'
import { nameSeats } from '../../../terminal/render/seat-names.js'
import { type RenderStyle, tint } from '../../../terminal/render/style.js'
import { renderVerdict } from '../../../terminal/render/verdict.js'
import { renderSeatMap } from '../../../terminal/seat-map/seat-map.js'
import { whenOf } from '../show/text.js'
import type { LoadRun } from '../stress/load-run.js'
import {
  besideEachOther,
  renderChapter,
  renderCommand,
  renderParagraph,
  renderResult,
} from './render.js'

/** The race for the last seats: the house before and after it, and its result. */
export interface Race {
  run: LoadRun
  before: ShowDetails
  after: ShowDetails
}

/** One booking of the demo, and its result; `title` begins a new chapter. */
export interface Scene {
  title?: string | undefined
  show: Show
  request: BookingRequest
  result: BookingOutcome | TicketsError
}

/** The command that makes this booking, as one would type it. */
export function commandOf({ id }: Show, { seats, count, customer, hold }: BookingRequest): string {
  return [
    `tickets book ${id.slice(0, 4)}`,
    ...(seats === undefined ? [] : [`--seats ${seats}`]),
    ...(count === undefined ? [] : [`--count ${count}`]),
    ...(typeof hold === 'number' ? [`--hold ${formatDuration(hold)}`] : []),
    ...(customer ? [`--customer ${customer}`] : []),
  ].join(' ')
}

/** Prints the demo to stdout, chapter by chapter, while it runs; nothing under `--json`. */
export class DemoOutput {
  readonly #output: Output
  readonly #style: RenderStyle
  #chapter = 0

  constructor(output: Output) {
    this.#output = output
    this.#style = output.style
  }

  async begin(databaseName: string): Promise<void> {
    const style = this.#style
    const title = tint(style, 'strong', 'A box office in a nutshell.')
    await this.#print(
      `${title}\n`,
      renderParagraph(
        `Everything here really happens, in a throwaway schema of the ${databaseName}, and is dropped at the end.`,
        style,
      ).slice(1),
    )
  }

  async created(show: Show): Promise<void> {
    const style = this.#style
    const when = show.startTime.toISOString().replace(':00.000Z', 'Z')
    const rows = `rows A to E, ${show.seatsPerRow} seats each`
    await this.#print(
      this.#next('A show'),
      renderCommand(
        [
          `tickets show create --name '${show.name}' --start-time ${when}`,
          `--total-seats ${show.totalSeats} --seats-per-row ${show.seatsPerRow}`,
        ],
        style,
      ),
      renderResult('done', `${show.name}, ${whenOf(show)}: ${rows}`, { style }),
    )
  }

  async booked({ title, show, request, result }: Scene): Promise<void> {
    await this.#print(
      title === undefined ? '' : this.#next(title),
      renderCommand(commandOf(show, request), this.#style),
      this.#resultOf(result),
    )
  }

  async raceBegins(
    before: ShowDetails,
    { processes, seatsEach }: { processes: number; seatsEach: number },
  ): Promise<void> {
    await this.#print(
      this.#next(`${processes} clerks race for the last ${before.availableSeats} seats`),
      renderCommand(
        `tickets book ${before.id.slice(0, 4)} --count ${seatsEach}    (${processes} processes at once)`,
        this.#style,
      ),
    )
  }

  async raceEnded({ run, before, after }: Race): Promise<void> {
    const { summary, violations, checked, problems } = run
    const { confirmed, refused, seats, seconds } = summary
    const style = this.#style
    const sentence = `${confirmed} of them sold ${seats} seats in ${seconds.toFixed(1)} s, and ${refused} were refused, as too few were left.`
    await this.#print(
      renderResult(problems.length === 0 ? 'done' : 'failed', sentence, { below: problems, style }),
      '\n',
      besideEachOther(houseOf('before', before, style), houseOf('after', after, style), style),
      this.#next('The proof: every seat has one booking, and every booking its seats'),
      renderCommand('tickets verify', style),
      indented(renderVerdict({ violations, ...checked }, style)),
    )
  }

  async end(): Promise<void> {
    const style = this.#style
    const program = commandName()
    const next = [
      ['show create', 'a show of your own; it asks for what it needs'],
      ['book', 'choose a show and seats, with a map of the house'],
      ['stress', '300 bookings by 50 processes, then the proof'],
      ['--help', 'everything else'],
    ].map(([command, what]) => {
      const typed = `${program} ${command}`.padEnd(program.length + 14)
      return `  ${tint(style, 'accent', typed)}${what}\n`
    })
    await this.#print(
      renderParagraph(
        'A seat is sold once, however many clerks ask for it at the same moment: their bookings wait for a lock on the show, and the database itself refuses to count a seat twice.',
        style,
      ),
      `\n${tint(style, 'strong', 'Your turn')}\n`,
      ...next,
    )
  }

  #resultOf(result: BookingOutcome | TicketsError): string {
    const style = this.#style
    if (result instanceof TicketsError) {
      const hint = alternativesHint(result)
      return renderResult('failed', result.message, { below: hint ? [hint] : [], style })
    }
    const { seats, seatLabels, customer, status, reference } = result.booking
    const verb = status === 'HELD' ? 'Holding' : 'Booked'
    const text = `${verb} ${nameSeats(seats, seatLabels)} for ${customer}, reference ${reference}`
    return renderResult(status === 'HELD' ? 'held' : 'done', text, { style })
  }

  #next(title: string): string {
    return renderChapter(++this.#chapter, title, this.#style)
  }

  async #print(...parts: string[]): Promise<void> {
    if (!this.#output.json) await this.#output.write(parts.join(''))
  }
}

function houseOf(when: string, show: ShowDetails, style: RenderStyle): string {
  return `     ${tint(style, 'quiet', `${when}:`)}\n${renderSeatMap(show, style)}`
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '   ')
}

/** How to call this program again: from a clone, by the path of its file. */
function commandName(): string {
  const [, program = ''] = process.argv
  if (!program.endsWith('.js')) return 'tickets'
  try {
    const path = relative(process.cwd(), program)
    return path.startsWith('..') ? program : `./${path}`
  } catch {
    // The working directory is gone.
    return program
  }
}
