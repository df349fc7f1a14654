import type { BookingOutcome, DryRunOutcome } from '../../../client/api.js'
import { bookingJson, dryRunJson, errorJson } from '../../../client/json.js'
import { TicketsError } from '../../../shared/errors.js'
import { safeJson, safeText } from '../../../shared/safe-text.js'
import type { Output } from '../../../terminal/io.js'
import type { Progress } from '../../../terminal/progress.js'
import { signs, tint } from '../../../terminal/render/style.js'
import { committedBooking, warningLine } from '../../committed.js'
import { lineForPeople, lineForPrograms } from './file-lines.js'
import { lineEndOf, lineEndOfBooked, Tally } from './file-tally.js'

/** The result of a row. */
export interface RowResult {
  line: number
  /** Bytes of the file up to and with this row. */
  end: number
  outcome: BookingOutcome | DryRunOutcome | TicketsError
  /** The error is that of another row of an --atomic file. */
  isInnocent?: boolean
}

export interface FileReportOptions {
  output: Output
  progress: Progress | undefined
  size: number | undefined
}

/** Prints the results of a file's rows, in their order, while the run goes on. */
export class FileReport {
  readonly tally = new Tally()
  lastLine = 0
  readonly #output: Output
  readonly #progress: Progress | undefined
  readonly #size: number | undefined
  /** Why stdout cannot be written any more. The bookings are then printed to stderr. */
  failure: unknown
  /** Shows whose start in the past was printed. */
  readonly #started = new Set<string>()

  /** `size`: bytes of the file, if known. */
  constructor({ output, progress, size }: FileReportOptions) {
    this.#output = output
    this.#progress = progress
    this.#size = size
  }

  /** Prints the results that follow the last ones. Resolves when the reader of stdout has them. */
  async print(results: readonly RowResult[]): Promise<void> {
    // One write for all of them: a write for each would cost as much as the booking.
    let text = ''
    for (const result of results) {
      const complaint = this.#count(result)
      if (complaint !== undefined) {
        await this.#write(text)
        text = ''
        this.#printForPeople(complaint)
      }
      text += this.#textOf(result)
    }
    await this.#write(text)
    if (this.failure !== undefined) for (const result of results) this.#reportOnStderr(result)
    const last = results.at(-1)!
    this.lastLine = last.line
    this.#progress?.update(this.tally.total, this.#estimateTotal(last.end))
  }

  async #write(text: string): Promise<void> {
    if (this.failure !== undefined) return
    await this.#output.write(text).catch((failure) => {
      this.failure = failure
    })
  }

  /** Part of a batch may be on stdout already: it is better to print a booking twice than never. */
  #reportOnStderr({ line, outcome }: RowResult): void {
    if (outcome instanceof TicketsError || !('booking' in outcome)) return
    this.#printForPeople(`Line ${line}: ${committedBooking(outcome.booking)}`)
  }

  /**
   * Prints a summary for people after the last row: on stdout if it is a terminal, else on stderr.
   */
  async conclude({ isDryRun }: { isDryRun: boolean }): Promise<void> {
    const { json, isTerminal } = this.#output
    if (json) return
    const style = isTerminal ? this.#output.style : this.#output.errorStyle
    const { done, failed } = signs(style)
    const sign = this.tally.isAllBooked ? tint(style, 'good', done) : tint(style, 'bad', failed)
    const sentence = `${sign} ${this.tally.sentence({ isDryRun })}`
    if (isTerminal) await this.#output.write(`${sentence}\n`)
    else this.#output.hint(sentence)
  }

  /** Counts a row. Returns the sentence for people to print before its line, if there is one. */
  #count({ line, outcome, isInnocent }: RowResult): string | undefined {
    if (!(outcome instanceof TicketsError)) {
      this.tally.add(lineEndOfBooked(outcome))
      return outcome.warnings && this.#warningOf(outcome)
    }
    const end = isInnocent ? 'undone' : lineEndOf(outcome)
    this.tally.add(end)
    // The reason why these were not booked is printed for another row, or at the end.
    if (this.#output.json || end === 'undone') return undefined
    return `Line ${line}: ${safeText(outcome.message)}`
  }

  /** What stdout gets for a row. A refused row is printed only as a document. */
  #textOf({ line, outcome }: RowResult): string {
    if (this.#output.json) return documentText(line, outcome)
    if (outcome instanceof TicketsError) return ''
    const booked = { line, outcome }
    return this.#output.isTerminal ? lineForPeople(booked) : lineForPrograms(booked)
  }

  /** A warning about the show is the same for all of its lines, so it is printed once. */
  #warningOf(outcome: BookingOutcome | DryRunOutcome): string | undefined {
    const { showId } = 'booking' in outcome ? outcome.booking : outcome
    if (this.#output.quiet) return undefined
    const due = outcome.warnings!.filter(({ code }) => {
      if (code !== 'SHOW_STARTED') return true
      const isNew = !this.#started.has(showId)
      this.#started.add(showId)
      return isNew
    })
    return due.length === 0 ? undefined : due.map(({ message }) => warningLine(message)).join('\n')
  }

  #printForPeople(line: string): void {
    if (this.#progress) this.#progress.print(line)
    else this.#output.problem(line)
  }

  /** Estimated from the bytes read so far. The size of a pipe is not known. */
  #estimateTotal(end: number): number {
    const { total } = this.tally
    return this.#size === undefined ? total : Math.round((total * this.#size) / end)
  }
}

/** Puts the line into the finished text, as a copy of the document would double the time. */
function documentText(line: number, outcome: RowResult['outcome']): string {
  return `{"line":${line},${safeJson(documentOf(outcome)).slice(1)}\n`
}

function documentOf(outcome: RowResult['outcome']) {
  if (outcome instanceof TicketsError) return errorJson(outcome)
  return 'booking' in outcome ? bookingJson(outcome) : dryRunJson(outcome)
}
