import type { NewShow } from '../../../client/api.js'
import { MAX_SEATS } from '../../../house/seats.js'
import { checkSeatsPerRow } from '../../../house/show-size.js'
import { hasCode, invalidInput } from '../../../shared/errors.js'
import { foldText } from '../../../shared/fold-text.js'
import { checkText } from '../../../shared/text-input.js'
import { parseStartTime, parseTimeZone, systemTimeZone } from '../../../shared/time/start-time.js'
import { startWarnings } from '../../../shared/warnings.js'
import { askChoice, askNumber, askText, type Choice } from '../../../terminal/prompts/prompts.js'
import { printProblem } from '../../../terminal/render/problem-card.js'
import { type Context, type Handler, inputRequired, parseCount } from '../../context.js'
import { plansInDirectory, planTextOf } from '../../plan-file.js'
import { announceShow } from './announce.js'

export interface ShowCreateOptions {
  name?: string
  startTime?: string
  totalSeats?: string
  seatsPerRow?: string
  plan?: string
  timeZone?: string
}

/** `tickets show create`: on a terminal, asks for what is missing. */
export const run: Handler<ShowCreateOptions> = async (context, options) => {
  const { output, tickets } = context
  const show = await tickets.createShow(await complete(context, options))
  await announceShow(output, show, startWarnings(show))
}

async function complete(context: Context, options: ShowCreateOptions): Promise<NewShow> {
  if (options.plan !== undefined && (options.totalSeats ?? options.seatsPerRow) !== undefined) {
    throw invalidInput(
      '--plan already defines the seats and rows. Leave out --total-seats and --seats-per-row.',
    )
  }
  // Options are checked before the first question, so that no answer is lost.
  const timeZone = ifGiven(options.timeZone, parseTimeZone) ?? systemTimeZone(context.output.io.env)
  const given = {
    name: ifGiven(options.name, checkName),
    startTime: ifGiven(options.startTime, (text) => parseStartTime(text, timeZone)),
    totalSeats: ifGiven(options.totalSeats, (text) => parseCount('--total-seats', text)),
    seatsPerRow: ifGiven(options.seatsPerRow, (text) => parseCount('--seats-per-row', text)),
    plan: await ifGiven(options.plan, (file) => planTextOf(context, file)),
  }
  const { name, startTime, totalSeats, plan } = given
  if (name !== undefined && startTime !== undefined && plan !== undefined) {
    return { timeZone, name, startTime, plan }
  }
  if (name !== undefined && startTime !== undefined && totalSeats !== undefined) {
    return { timeZone, name, startTime, totalSeats, seatsPerRow: given.seatsPerRow ?? null }
  }
  return ask(context, { ...given, timeZone })
}

async function ask(
  context: Context,
  given: { [Part in keyof NewShow]?: NewShow[Part] | undefined } & { timeZone: string },
): Promise<NewShow> {
  const { asking, output } = context
  if (!output.canPrompt) {
    throw inputRequired(
      given.name === undefined && '--name',
      given.startTime === undefined && '--start-time',
      (given.plan ?? given.totalSeats) === undefined && '--total-seats or --plan',
    )
  }
  const { timeZone } = given
  const name =
    given.name ?? (await askText(asking, { message: 'Name of the show?', check: checkName }))
  const startTime = given.startTime ?? (await askStartTime(asking, 'When does it start?', timeZone))
  const plan = given.plan ?? (await choosePlan(context, given))
  if (plan !== undefined) return { name, startTime, plan, timeZone }
  const totalSeats =
    given.totalSeats ??
    (await askNumber(asking, { message: 'How many seats?', min: 1, max: MAX_SEATS }))
  const seatsPerRow = given.seatsPerRow ?? (await askSeatsPerRow(asking, totalSeats))
  return { name, startTime, totalSeats, seatsPerRow, timeZone }
}

/** Asks for the start of a new show; a local time is in `timeZone`. */
export async function askStartTime(
  asking: Context['asking'],
  message: string,
  timeZone: string,
): Promise<Date> {
  const check = (text: string) => parseStartTime(text, timeZone)
  const hint = `${timeZone}, like 2026-12-25 19:00`
  return check(await askText(asking, { message, hint, check }))
}

/**
 * Offers the plans in the directory, if there are any and no option gives the size of the house.
 * Asks again after a plan with mistakes: the other answers would be lost with an error.
 */
async function choosePlan(
  context: Context,
  {
    totalSeats,
    seatsPerRow,
  }: { totalSeats?: number | undefined; seatsPerRow?: number | null | undefined },
): Promise<string | undefined> {
  if ((totalSeats ?? seatsPerRow) !== undefined) return undefined
  for (;;) {
    const file = await askPlan(context)
    try {
      return file === undefined ? undefined : await planTextOf(context, file)
    } catch (error) {
      if (!hasCode(error, 'INVALID_INPUT')) throw error
      printProblem(context.output, error)
    }
  }
}

/** Asks for a plan in the directory; undefined for none. */
async function askPlan({ asking }: Context): Promise<string | undefined> {
  const files = await plansInDirectory()
  if (files.length === 0) return undefined
  const choices: Choice<string | undefined>[] = [
    ...files.map((file) => ({ value: file, name: file, details: 'a plan in this directory' })),
    { value: undefined, name: 'no plan', details: 'a number of seats' },
  ]
  return askChoice(asking, {
    message: 'Which house?',
    noun: 'plan',
    hint: 'type to search',
    lineHint: 'number or name',
    search: async (term = '') =>
      choices.filter(({ name }) => foldText(name).includes(foldText(term))),
  })
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

/** What `parse` makes of a flag; undefined if it was left out. */
function ifGiven<Value>(text: string | undefined, parse: (text: string) => Value) {
  return text === undefined ? undefined : parse(text)
}

function checkName(name: string): string {
  return checkText('name of the show', name, 200)
}
