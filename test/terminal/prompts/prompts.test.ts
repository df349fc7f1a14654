import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { parseSeatAnswer } from '../../../src/terminal/prompts/seat-answer.js'
import { openTerminal, type TerminalOptions, type TestTerminal } from '../../support/terminal.js'
import { notices, questions } from '../../support/wording.js'

const cwd = fileURLToPath(new URL('../../..', import.meta.url))
const opened: TestTerminal[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((terminal) => terminal.close()))
})

/** Runs questions in a terminal, and prints the answer, or the code of the error, after '='. */
function ask(body: string, options: TerminalOptions = {}): TestTerminal {
  const code = `
    const { openOutput } = await import('./src/terminal/io.ts')
    const { askText, askNumber, askShow, askSeats, askConfirm, askKey } = await import('./src/terminal/prompts/prompts.ts')
    const { TicketsError } = await import('./src/shared/errors.ts')
    const { stdin, stdout, stderr, env } = process
    const output = openOutput({ stdin, stdout, stderr, env },
      { json: false, quiet: false, input: true, color: true })
    const asking = { output, unchanged: 'Nothing was booked.' }
    async function questions() { ${body} }
    await questions().then(
      (answer) => output.write('= ' + JSON.stringify(answer) + '\\n'),
      (error) => {
        process.exitCode = 99
        return output.write('= ' + (error.code ?? error) + ': ' + error.message + '\\n')
      })`
  const args = ['--import', 'tsx', '--input-type=module', '-e', code]
  const terminal = openTerminal(process.execPath, args, { cwd, ...options })
  opened.push(terminal)
  return terminal
}

const shows = `[
  { value: 1, name: 'The Lion King', details: '61 free' },
  { value: 2, name: 'Hamlet\\u001b[2J', details: '8 free' },
]`
const search = `async (term) => ${shows}.filter(({ name }) => !term || name.startsWith(term))`

describe('questions', () => {
  test('ask about a booking: show, seats, customer and a confirmation', async () => {
    const terminal = ask(`
      const show = await askShow(asking, { search: ${search} })
      const seats = await askSeats(asking, { layout: { totalSeats: 9, seatsPerRow: null } })
      const customer = await askText(asking, { message: 'Who is it for?' })
      return [show, seats, customer, await askConfirm(asking, { message: 'Book it?' })]`)
    await terminal.waitFor('Hamlet\\u{1b}[2J  8 free')
    terminal.press('down')
    await terminal.waitFor('❯ Hamlet')
    terminal.press('enter')
    await terminal.waitFor(`${questions.seats} (5-8`)
    terminal.type('2 best')
    terminal.press('enter')
    await terminal.waitFor('Who is it for?')
    terminal.type(' Ada ')
    terminal.press('enter')
    await terminal.waitFor('Book it? (Y/n)')
    terminal.press('enter')
    await terminal.waitFor('= [2,{"count":2},"Ada",true]')
    expect(await terminal.exit).toEqual({ code: 0, signal: null })
    expect(terminal.screen()).toContain(`✓ ${questions.seats} 2 best`)
  })

  test('ask again if the answer is refused, and give the reason', async () => {
    const terminal = ask(`
      return askSeats(asking, { layout: { totalSeats: 9, seatsPerRow: null }, check(answer) {
        if (answer.spec === '5') throw new TicketsError('SEATS_TAKEN', 'Seat 5 is taken.')
      } })`)
    await terminal.waitFor(questions.seats)
    terminal.press('enter')
    await terminal.waitFor(/✗ .*5-8.*"4 best"/)
    terminal.type('5')
    terminal.press('enter')
    await terminal.waitFor('✗ Seat 5 is taken.')
    terminal.press('backspace')
    terminal.type('6')
    terminal.press('enter')
    await terminal.waitFor('= {"spec":"6"}')
  })

  test('end if no other answer can help', async () => {
    const terminal = ask(`
      return askText(asking, { message: 'Name?', check() {
        throw new TicketsError('BUSY', 'The database is busy.')
      } })`)
    await terminal.waitFor('Name?')
    terminal.press('enter')
    await terminal.waitFor('= BUSY: The database is busy.')
  })

  test('end with the error of a search that fails', async () => {
    const terminal = ask(`
      return askShow(asking, { search: async () => {
        throw new TicketsError('DB_UNREACHABLE', 'Nobody answers.')
      } })`)
    await terminal.waitFor('= DB_UNREACHABLE: Nobody answers.')
  })

  test('ask for a show: Tab completes the line, and the line finds the show', async () => {
    const terminal = ask(`return askShow(asking, { search: ${search} })`)
    await terminal.waitFor('❯ The Lion King')
    terminal.type('zz')
    await terminal.waitFor(notices.noMatch('show'))
    terminal.press('ctrl-u')
    await terminal.waitFor('❯ The Lion King')
    terminal.press('tab')
    await terminal.waitFor(/^\? .* The Lion King .*\n❯ The Lion King .*\n\n/)
    terminal.press('enter')
    await terminal.waitFor('= 1')
  })

  test('ask for a show: Enter before the result of the search chooses the only match', async () => {
    const terminal = ask(`
      const search = ${search}
      let answerNow
      const answered = new Promise((resolve) => { answerNow = resolve })
      process.stdin.on('keypress', (_, { name }) => { if (name === 'return') setImmediate(answerNow) })
      return askShow(asking, { search: async (term) => {
        if (term) await answered
        return search(term)
      } })`)
    await terminal.waitFor('❯ The Lion King')
    terminal.type('Ham\r')
    await terminal.waitFor('= 2')
  })

  test('accept a number with a comma, and refuse one that is out of range', async () => {
    const terminal = ask(`return askNumber(asking, { message: 'Seats?', min: 1, max: 100_000 })`)
    await terminal.waitFor(/Seats\? \(1 .*100,000\)/)
    terminal.type('0')
    terminal.press('enter')
    await terminal.waitFor(/✗ .*1 .*100,000/)
    terminal.press('backspace')
    terminal.type('1,200')
    terminal.press('enter')
    await terminal.waitFor('= 1200')
  })

  test('end at Ctrl-C with INTERRUPTED', async () => {
    const terminal = ask(`return askConfirm(asking, { message: 'Book it?' })`)
    await terminal.waitFor('Book it?')
    terminal.press('ctrl-c')
    await terminal.waitFor(`= INTERRUPTED: ${notices.interrupted(notices.unbooked)}`)
    expect(await terminal.exit).toEqual({ code: 99, signal: null })
  })

  test('never end with status 0 when the input ends', async () => {
    const terminal = ask(`return askText(asking, { message: 'Name?' })`)
    await terminal.waitFor('Name?')
    terminal.press('ctrl-d')
    await terminal.waitFor(`= INPUT_REQUIRED: ${notices.inputEnded(notices.unbooked)}`)
    expect(await terminal.exit).toEqual({ code: 99, signal: null })
  })

  test('end with the reason of the abort signal', async () => {
    const terminal = ask(`
      asking.signal = AbortSignal.timeout(1)
      return askText(asking, { message: 'Name?' })`)
    await terminal.waitFor('= 23: The operation was aborted due to timeout')
  })

  test('fit a terminal of 40 columns, without colour and in ASCII', async () => {
    const env = { LANG: 'C', NO_COLOR: '1' }
    const long = `async () => [...${shows}, { value: 3, name: '${'Rent '.repeat(20)}', details: '' }]`
    const terminal = ask(`return askShow(asking, { search: ${long} })`, { cols: 40, env })
    await terminal.waitFor(/^\? .*\n> The Lion King +61 free\n.*\n +Rent .*~\n/)
    await terminal.waitFor(/^up\/down .* - enter /m)
    const cells = terminal.xterm.buffer.active.getLine(0)!
    expect([cells.getCell(0)!.isFgDefault(), cells.getCell(2)!.isBold()]).toEqual([true, 0])
    expect(terminal.screen()).toMatch(/^[ -~\n]*$/)
  })

  test.each([
    ['on the screen', {}],
    ['in lines', { TICKETS_PLAIN: '1' }],
  ])('are wrapped between words, with their hints and the text above: %s', async (_, env) => {
    const terminal = ask(
      `
      await askText(asking, { above: 'This sentence says what comes next, so it stands above.',
        message: 'What is the name of the next customer?', hint: 'any text, in any writing',
        default: 'Augusta Ada King' })
      await askConfirm(asking, { message: 'Book eleven seats together for this customer now?' })
      return askKey(asking, 'Then continue:', [
        { value: 1, keys: ['n'], key: 'n', what: 'next customer' },
        { value: 2, keys: ['q'], key: 'q', what: 'done with all of them' }])`,
      { cols: 30, env },
    )
    const seen = (sentence: string) =>
      terminal.waitFor(new RegExp(sentence.replaceAll(' ', '\\s+')))
    await seen('This sentence says what comes next, so it stands above.')
    await seen(
      'What is the name of the next customer\\? \\(any text, in any writing(; Enter:|\\)) \\(?Augusta Ada King\\)',
    )
    terminal.press('enter')
    await seen('Book eleven seats together for this customer now\\? \\(Y/n\\)')
    terminal.press('enter')
    await seen('Then continue: n next customer(,| ·) q done with all of them')
    terminal.type('q\r')
    await terminal.waitFor('= 2')
  })

  test('continue after Ctrl-Z and fg', async () => {
    const terminal = openTerminal('bash', ['--norc', '-i'], { cwd, env: { PS1: 'shell> ' } })
    opened.push(terminal)
    await terminal.waitFor('shell>')
    terminal.type(
      `node --import tsx --input-type=module -e "const { openOutput } = await import('./src/terminal/io.ts'); const { askText } = await import('./src/terminal/prompts/prompts.ts'); const { stdin, stdout, stderr, env } = process; const output = openOutput({ stdin, stdout, stderr, env }, { input: true, color: true }); console.log('got', await askText({ output }, { message: 'Your name?' }))"\r`,
    )
    await terminal.waitFor('? Your name?')
    terminal.press('ctrl-z')
    await terminal.waitFor('Stopped')
    terminal.type('fg\r')
    await terminal.waitFor(/fg\n/)
    await terminal.waitFor(/fg\nnode/)
    terminal.type('Ada\r')
    await terminal.waitFor('got Ada')
  })
})

test.each([
  ['3', { spec: '3' }],
  ['5-8, 12', { spec: '5-8, 12' }],
  ['A1-A4', { spec: 'A1-A4' }],
  ['x3', { spec: 'x3' }],
  ['3x', { count: 3 }],
  ['3 best', { count: 3 }],
  ['3 best seats', { count: 3 }],
  ['best 3', { count: 3 }],
  ['any 12 seats', { count: 12 }],
  ['any12', { spec: 'any12' }],
  [' 1 seat ', { count: 1 }],
])('"Which seats?" %j means %j', (text, answer) => {
  expect(parseSeatAnswer(text)).toEqual(answer)
})
