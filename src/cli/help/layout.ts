import type { Command, Help, HelpConfiguration, Option } from 'commander'
import { declarationOf, type HelpRow, visibleCommands } from '../declaration.js'
import { exitCodes } from './exit-codes.js'

/**
 * How help is laid out: what a command does, examples, its arguments and options, and last its exit
 * codes, in one screen of 80 × 24. The global options have a separate screen.
 */
export const helpLayout: HelpConfiguration = {
  // In columns narrower than this, commander wraps nothing.
  minWidthToWrap: 16,
  subcommandTerm: (command) => command.name(),
  optionDescription: describe,
  argumentDescription: describe,
  formatHelp(command, help) {
    const width = help.helpWidth ?? 80
    const { examples = [], exits, rows } = declarationOf(command)
    const isTopic = rows !== undefined
    const blocks = [
      [help.boxWrap(asSentence(help.commandDescription(command)), width)],
      examples.length === 0 ? [] : ['Examples:', ...examples.map((line) => `  ${line}`)],
      [
        ...(isTopic ? [] : [`Usage: ${help.commandUsage(command)}`]),
        ...drawRows(
          rows === undefined ? entriesOf(command, help) : rowsOf(rows, command, help),
          help,
        ),
      ],
      [
        ...(isTopic || !command.parent ? [] : [help.boxWrap(SEE_OPTIONS, width)]),
        ...(exits
          ? [
              help.boxWrap(
                `Exit codes: ${command.parent ? exits.map(meaning).join(', ') : EVERY_EXIT}`,
                width,
              ),
            ]
          : []),
      ],
    ]
    const texts = blocks.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'))
    return `${texts.join('\n\n')}\n`
  },
}

const SEE_OPTIONS =
  'See also: tickets help options (--db, --json, --wait, --operator, --no-input …)'
/** With the topics in one line, so that all commands fit on the screen. */
const EVERY_EXIT = '0 done; see tickets help exit-codes, options, environment and errors'

function meaning(code: number): string {
  return `${code} ${exitCodes.find(({ codes }) => codes.includes(code))!.name}`
}

function describe({ description, argChoices }: { description: string; argChoices?: string[] }) {
  return argChoices ? `${description}: ${argChoices.join(', ')}` : description
}

function drawRows(rows: readonly HelpRow[], help: Help): string[] {
  const termWidth = Math.max(0, ...rows.map(([term]) => term.length))
  return rows.map(([term, about]) => help.formatItem(term, termWidth, about, help))
}

/** The rows of a topic; those of the options are the program's own. */
function rowsOf(
  rows: readonly HelpRow[] | 'options',
  { parent }: Command,
  help: Help,
): readonly HelpRow[] {
  return rows === 'options' ? optionRows(help.visibleOptions(parent!), help) : rows
}

/** What may be typed after the command. */
function entriesOf(command: Command, help: Help): HelpRow[] {
  const commands = visibleCommands(command)
  if (commands.length > 0) {
    return commands.map((each) => [help.subcommandTerm(each), help.subcommandDescription(each)])
  }
  const options = help.visibleOptions(command).filter((each) => each.long !== '--help')
  return [
    ...command.registeredArguments.map(
      (each): HelpRow => [help.argumentTerm(each), help.argumentDescription(each)],
    ),
    ...optionRows(options, help),
  ]
}

function optionRows(options: readonly Option[], help: Help): HelpRow[] {
  return options.map((each) => [help.optionTerm(each), help.optionDescription(each)])
}

function asSentence(description: string): string {
  const text = description.charAt(0).toUpperCase() + description.slice(1)
  return text.endsWith('.') ? text : `${text}.`
}
