import type { BookingRequest, Show, ShowDetails, WantedSeats } from '../../../client/api.js'
import { parseSeats, seatLabel } from '../../../house/seats.js'
import { TicketsError } from '../../../shared/errors.js'
import { safeText } from '../../../shared/safe-text.js'
import { askSeats, askSection } from '../../../terminal/prompts/prompts.js'
import type { SeatAnswer } from '../../../terminal/prompts/seat-answer.js'
import { drawTitle } from '../../../terminal/render/fields.js'
import { alternativesHint, printProblem } from '../../../terminal/render/problem-card.js'
import type { RenderStyle } from '../../../terminal/render/style.js'
import { countStates } from '../../../terminal/seat-map/house.js'
import { renderSeatMap } from '../../../terminal/seat-map/seat-map.js'
import {
  canShowMap,
  type PickerQuestion,
  pickSeats,
} from '../../../terminal/seat-picker/seat-picker.js'
import type { Context } from '../../context.js'
import { whenOf } from '../show/text.js'
import { hasAccessibleLeft } from './last-seats.js'

export interface ChosenSeats {
  wanted: WantedSeats
  /** Whether they were picked on the map, so that the clerk need not confirm them. */
  isSeen: boolean
}

/** Why seats are asked for again, and which were wanted. */
export interface RefusedSeats {
  error: TicketsError
  wanted: WantedSeats
}

/**
 * Asks for seats on the map, or with typed answers if there can be no map. Undefined when the
 * clerk went back. Throws NOT_ENOUGH_SEATS when the house is full, and what the prompts throw.
 */
export async function chooseSeats(
  context: Context,
  show: Show,
  refused?: RefusedSeats,
): Promise<ChosenSeats | undefined> {
  return canShowMap(context.output)
    ? pickOnMap(context, show, refused)
    : typeSeats(context, show, refused?.error)
}

async function pickOnMap(
  context: Context,
  { id }: Show,
  refused: RefusedSeats | undefined,
): Promise<ChosenSeats | undefined> {
  const seats = await pickInHouse(context, id, (house) => {
    checkRoom(house)
    const picked = seatsOf(refused?.wanted.seats, house)
    // The map shows what happened to seats that were named.
    return { picked, ...(refused && picked.length === 0 && { notice: refused.error.message }) }
  })
  return seats === undefined ? undefined : { wanted: { seats }, isSeen: true }
}

/**
 * Asks for seats on the live map of a show, and returns their labels; `question` is what to ask, for
 * the house as it is. Throws WRONG_STATE if the show gets another plan in the meantime.
 */
export async function pickInHouse(
  { asking, tickets }: Context,
  showId: string,
  question: (house: ShowDetails) => HouseQuestion,
): Promise<string | undefined> {
  const ending = new AbortController()
  const houses = tickets.watchShow(showId, { signal: ending.signal })
  try {
    const first: ShowDetails = (await houses.next()).value
    const { own = [], ...asked } = question(first)
    const seats = await pickSeats(asking, {
      ...asked,
      heading: safeText(`${first.name}, ${whenOf(first)}`),
      house: without(own, first),
      changes: eachWithout(own, first, houses),
    })
    return seats?.map((seat) => seatLabel(seat, first)).join(',')
  } finally {
    ending.abort()
    void houses.return(undefined)
  }
}

export interface HouseQuestion
  extends Pick<PickerQuestion, 'message' | 'picked' | 'exchange' | 'notice'> {
  /** The seats of a booking that is moved, which are free to it. */
  own?: readonly number[]
}

async function* eachWithout(
  own: readonly number[],
  { planId }: ShowDetails,
  houses: AsyncIterable<ShowDetails>,
) {
  for await (const house of houses) {
    if (house.planId !== planId) {
      throw new TicketsError(
        'WRONG_STATE',
        'The house got another plan while seats were picked. Nothing was changed. Start again.',
      )
    }
    yield without(own, house)
  }
}

function without(own: readonly number[], house: ShowDetails): ShowDetails {
  const [booked, held] = [house.booked.clone(), house.held.clone()]
  booked.deleteAll(own)
  held.deleteAll(own)
  return { ...house, booked, held }
}

/** The seats of a request; empty if none are named, or the house does not have one of them. */
export function seatsOf(seats: WantedSeats['seats'] = [], show: Show): number[] {
  if (typeof seats !== 'string') return [...seats]
  try {
    return parseSeats(seats, show)
  } catch (error) {
    if (error instanceof TicketsError) return []
    throw error
  }
}

/** Asks for seats in words; `refused` is why they are asked for again. */
function typeSeats(
  context: Context,
  { id }: Show,
  refused: TicketsError | undefined,
): Promise<ChosenSeats> {
  return typeInHouse(context, id, async ({ house, section, named }) => {
    const wantedIn = (answer: SeatAnswer): WantedSeats =>
      'count' in answer
        ? { count: answer.count, ...(section && { section }) }
        : { seats: named(answer.spec) }
    if (refused) printProblem(context.output, refused)
    checkRoom(house)
    const answer = await askSeats(context.asking, {
      layout: house,
      section,
      check: (seats) => checkFree(context, house, wantedIn(seats)),
    })
    return { wanted: wantedIn(answer), isSeen: false }
  })
}

/** Where seats are typed: in the house, or in one section of it. */
export interface TypingScope {
  house: ShowDetails
  section: string | undefined
  /** The typed seats with the section before each that it has, so that C5 is not looked for elsewhere. */
  named(spec: string): string
}

/**
 * Asks for a section if there are several, draws it or the house, and then asks `question`. The
 * seats of `own` are free.
 */
export async function typeInHouse<Answer>(
  context: Context,
  showId: string,
  question: (scope: TypingScope) => Promise<Answer>,
  own: (house: ShowDetails) => readonly number[] = () => [],
): Promise<Answer> {
  const { output, tickets } = context
  const whole = await tickets.viewShow(showId)
  const house = without(own(whole), whole)
  const index = await chooseSection(context, house)
  output.problem(`\n${drawHouse(house, output.errorStyle, index)}`)
  if (index === undefined) return question({ house, section: undefined, named: (spec) => spec })
  const section = house.plan!.sections[index]!.name
  return question({ house, section, named: (spec) => inSection(spec, house, section) })
}

/** Asks for a section if there are several; undefined for any. */
async function chooseSection({ asking }: Context, house: ShowDetails): Promise<number | undefined> {
  const sections = house.plan?.sections ?? []
  if (sections.length < 2) return undefined
  return askSection(
    asking,
    sections.map((section) => ({ name: section.name, free: countStates(house, section).free })),
  )
}

/** More lines would push the earlier questions off the screen. */
const MOST_LINES = 60

function drawHouse(house: ShowDetails, style: RenderStyle, section: number | undefined): string {
  const map = renderSeatMap(house, style, { section })
  const isDrawn = map.split('\n').length <= MOST_LINES
  return [
    ...drawTitle(style, `${safeText(house.name)}, ${whenOf(house)}`),
    '',
    isDrawn ? map : `The house is too large to be drawn here: \`tickets show view ${house.id}\`.\n`,
  ].join('\n')
}

/** Refuses typed seats that are sold or held already, and suggests others. */
async function checkFree({ tickets }: Context, show: Show, request: BookingRequest): Promise<void> {
  try {
    await tickets.preview(show.id, request)
  } catch (error) {
    // The program asks the clerk next whether to use them.
    if (hasAccessibleLeft(error)) return
    const hint = error instanceof TicketsError ? alternativesHint(error) : undefined
    if (!(error instanceof TicketsError) || hint === undefined) throw error
    throw new TicketsError(error.code, `${error.message} ${hint}.`, { cause: error })
  }
}

function inSection(spec: string, show: Show, section: string): string {
  const pieces = spec.split(',').map((piece) => {
    const named = `${section} ${piece.trim()}`
    return seatsOf(named, show).length > 0 ? named : piece
  })
  return pieces.join(',')
}

function checkRoom({ name, booked, held, totalSeats }: ShowDetails): void {
  if (booked.size + held.size < totalSeats) return
  const how = held.size > 0 ? 'sold or held' : 'sold'
  throw new TicketsError('NOT_ENOUGH_SEATS', `Every seat of ${name} is ${how}. Nothing was booked.`)
}
