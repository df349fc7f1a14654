import type { NewShow } from '../../../client/api.js'
import { MAX_SEATS } from '../../../house/seats.js'
import { checkSeatsPerRow } from '../../../house/show-size.js'
import { parseStartTime, parseTimeZone, systemTimeZone } from '../../../shared/start-time.js'
import { checkText } from '../../../shared/text-input.js'
import { startWarnings } from '../../../shared/warnings.js'
import { askNumber, askText } from '../../../terminal/prompts/prompts.js'
import { type Context, type Handler, inputRequired, parseCount } from '../../context.js'
import { announceShow } from './announce.js'

export interface ShowCreateOptions {
  name?: string
  startTime?: string
  totalSeats?: string
  seatsPerRow?: string
  timeZone?: string
}

/** `tickets show create`: on a terminal, asks for what is missing. */
export const run: Handler<ShowCreateOptions> = async (context, options) => {
  const { output, tickets } = context
  const show = await tickets.createShow(await complete(context, options))
  await announceShow(output, show, startWarnings(show))
}

async function complete(context: Context, options: ShowCreateOptions): Promise<NewShow> {
  // Flags are checked before anything is asked, so that no answer is given in vain.
  const timeZone =
    options.timeZone === undefined
      ? systemTimeZone(context.output.io.env)
      : parseTimeZone(options.timeZone)
  const given = {
    name: options.name === undefined ? undefined : checkName(options.name),
    startTime:
      options.startTime === undefined ? undefined : parseStartTime(options.startTime, timeZone),
    totalSeats:
      options.totalSeats === undefined
        ? undefined
        : parseCount('--total-seats', options.totalSeats),
    seatsPerRow:
      options.seatsPerRow === undefined
        ? undefined
        : parseCount('--seats-per-row', options.seatsPerRow),
  }
  const { name, startTime, totalSeats } = given
  if (name !== undefined && startTime !== undefined && totalSeats !== undefined) {
    return { timeZone, name, startTime, totalSeats, seatsPerRow: given.seatsPerRow ?? null }
  }
  return ask(context, { ...given, timeZone })
}

async function ask(
  { output, asking: onBehalf }: Context,
  given: { [Part in keyof NewShow]?: NewShow[Part] | undefined } & { timeZone: string },
): Promise<NewShow> {
  if (!output.canPrompt) {
    throw inputRequired([
      ...(given.name === undefined ? ['--name'] : []),
      ...(given.startTime === undefined ? ['--start-time'] : []),
      ...(given.totalSeats === undefined ? ['--total-seats'] : []),
    ])
  }
  const { timeZone } = given
  const asking = { ...onBehalf, unchanged: 'No show was created.' }
  const name =
    given.name ?? (await askText(asking, { message: 'Name of the show?', check: checkName }))
  const startTime =
    given.startTime ??
    parseStartTime(
      await askText(asking, {
        message: 'When does it start?',
        hint: `${timeZone}, like 2026-12-25 19:00`,
        check: (text) => parseStartTime(text, timeZone),
      }),
      timeZone,
    )
  const totalSeats =
    given.totalSeats ??
    (await askNumber(asking, { message: 'How many seats?', min: 1, max: MAX_SEATS }))
  const seatsPerRow = given.seatsPerRow ?? (await askSeatsPerRow(asking, totalSeats))
  return { name, startTime, totalSeats, seatsPerRow, timeZone }
}

async function askSeatsPerRow(
  asking: Context['asking'],
  totalSeats: number,
): Promise<number | null> {
  const check = (text: string) => {
    if (text === '') return null
    const seats = parseCount('The length of a row', text)
    checkSeatsPerRow(seats, totalSeats)
    return seats
  }
  return check(
    await askText(asking, {
      message: 'How many in a row?',
      hint: 'Enter: no rows',
      check,
    }),
  )
}

function checkName(name: string): string {
  return checkText('name of the show', name, 200)
}
