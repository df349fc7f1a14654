import type { Command, Help, HelpConfiguration, Option } from 'commander'
import { pathOf } from '../parameters.js'
import { helpTopics } from './topics.js'

/**
 * How help is laid out: what a command does, examples, what may follow it, and last its exit codes,
 * in one screen of 80 × 24. The options of every command have a screen of their own.
 */
export const helpLayout: HelpConfiguration = {
  // In columns narrower than this, commander wraps nothing.
  minWidthToWrap: 16,
  subcommandTerm: (command) => command.name(),
  optionDescription: describe,
  argumentDescription: describe,
  formatHelp(command, help) {
    const width = help.helpWidth ?? 80
    const { examples = [], exits, rows } = helpTopics[pathOf(command)] ?? {}
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
        ...(isTopic ? [] : [help.boxWrap(command.parent ? SEE_OPTIONS : SEE_TOPICS, width)]),
        ...(exits ? [help.boxWrap(`Exit codes: ${exits.map(meaning).join(', ')}`, width)] : []),
      ],
    ]
    const texts = blocks.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'))
    return `${texts.join('\n\n')}\n`
  },
}

const SEE_OPTIONS =
  'See also: tickets help options (--db, --json, --wait, --operator, --no-input …)'
const SEE_TOPICS = 'See also: tickets help options, environment, exit-codes and errors'

/** What each exit code says, in a word or two; the README has it in full. */
const meanings: Record<number, string> = {
  0: 'done',
  1: 'a bug',
  2: 'usage',
  3: 'not found',
  4: 'refused',
  5: 'busy',
  6: 'no database',
  7: 'check failed',
  130: 'interrupted',
}

function meaning(code: number): string {
  return `${code} ${meanings[code]}`
}

function describe({ description, argChoices }: { description: string; argChoices?: string[] }) {
  return argChoices ? `${description}: ${argChoices.join(', ')}` : description
}

type Row = readonly [term: string, about: string]

/** A line or more for each. */
function drawRows(rows: readonly Row[], help: Help): string[] {
  const termWidth = Math.max(0, ...rows.map(([term]) => term.length))
  return rows.map(([term, about]) => help.formatItem(term, termWidth, about, help))
}

/** The rows of a topic; those of the options are the program's own. */
function rowsOf(rows: readonly Row[] | 'options', { parent }: Command, help: Help): readonly Row[] {
  return rows === 'options' ? optionRows(help.visibleOptions(parent!), help) : rows
}

/** What may be typed after the command. */
function entriesOf(command: Command, help: Help): Row[] {
  const commands = help.visibleCommands(command).filter((each) => each.name() !== 'help')
  if (commands.length > 0) {
    return commands.map((each) => [help.subcommandTerm(each), help.subcommandDescription(each)])
  }
  const options = help.visibleOptions(command).filter((each) => each.long !== '--help')
  return [
    ...command.registeredArguments.map(
      (each): Row => [help.argumentTerm(each), help.argumentDescription(each)],
    ),
    ...optionRows(options, help),
  ]
}

function optionRows(options: readonly Option[], help: Help): Row[] {
  return options.map((each) => [help.optionTerm(each), help.optionDescription(each)])
}

function asSentence(description: string): string {
  const text = description.charAt(0).toUpperCase() + description.slice(1)
  return text.endsWith('.') ? text : `${text}.`
}
