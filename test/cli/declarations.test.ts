import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Argument, Command, Option } from 'commander'
import { describe, expect, it } from 'vitest'
import type { Run } from '../../src/cli/context.js'
import { completesOf, declarationOf, pathOf } from '../../src/cli/declaration.js'
import { commandTree } from '../../src/cli/main.js'

const folders = fileURLToPath(new URL('../../src/cli/commands', import.meta.url))
const program = await commandTree({} as Run)
const commands = commandsOf(program)
const shown = commands.filter((command) => declarationOf(command).isHidden === undefined)

describe('the declarations of commands', () => {
  it('are one for each folder of commands/', async () => {
    const entries = await readdir(folders, { withFileTypes: true })
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
    const elsewhere = ['completion']
    const groups = shown.map(pathOf).filter((path) => !path.includes(' '))
    expect([...names, ...elsewhere].sort()).toEqual(groups.sort())
  })

  it('have examples and exit codes, and either commands or a function that runs them', () => {
    for (const command of shown) {
      const { examples = [], exits = [], commands: inner = [], run } = declarationOf(command)
      expect([pathOf(command), examples.length > 0, exits.includes(0), exits.includes(2)]).toEqual([
        pathOf(command),
        true,
        true,
        true,
      ])
      expect([pathOf(command), inner.length > 0]).toEqual([pathOf(command), run === undefined])
    }
  })

  it('have completions for every show, date, booking, seat and file', () => {
    const live = /^(show|toShow|date|booking|seats?|to|file|svg)$/
    const open = commands.flatMap((command) =>
      [...command.registeredArguments, ...command.options]
        .filter((parameter) => live.test(nameOf(parameter)) && takesValue(parameter))
        .filter((parameter) => completesOf(parameter) === undefined)
        .map((parameter) => `${pathOf(command)} ${parameter.name()}`),
    )
    expect(open).toEqual([])
  })

  it('are all in the tree; for a line that begins with `book`, only that one is loaded', async () => {
    const forBook = await commandTree({} as Run, ['book', 'Hamlet'])
    expect(forBook.commands.map((command) => command.name())).toEqual(['book'])
    const book = commands.find((command) => pathOf(command) === 'book')!
    expect(forBook.commands[0]!.helpInformation()).toBe(book.helpInformation())
  })
})

function commandsOf(command: Command): Command[] {
  return command.commands.flatMap((inner) => [inner, ...commandsOf(inner)])
}

function nameOf(parameter: Argument | Option): string {
  return 'attributeName' in parameter ? parameter.attributeName() : parameter.name()
}

function takesValue(parameter: Argument | Option): boolean {
  return !('attributeName' in parameter) || parameter.required || parameter.optional
}
