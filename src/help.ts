import type { Command, Help, HelpConfiguration } from 'commander'
import { pathOf } from './command-parts.js'
import { helpTopics } from './help-topics.js'

/** The help topic that tells of the options that every command takes. */
export const OPTIONS_TOPIC = 'options'

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
    const { examples = [], exits } = helpTopics[pathOf(command)] ?? {}
    const isTopic = command.name() === OPTIONS_TOPIC
    const blocks = [
      [help.boxWrap(asSentence(help.commandDescription(command)), width)],
      examples.length === 0 ? [] : ['Examples:', ...examples.map((line) => `  ${line}`)],
      [...(isTopic ? [] : [`Usage: ${help.commandUsage(command)}`]), ...rowsOf(command, help)],
      [
        ...(isTopic ? [] : [help.boxWrap(SEE_ALSO, width)]),
        ...(exits ? [help.boxWrap(`Exit codes: ${exits.map(meaning).join(', ')}`, width)] : []),
      ],
    ]
    const texts = blocks.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'))
    return `${texts.join('\n\n')}\n`
  },
}

const SEE_ALSO = 'See also: tickets help options (--db, --json, --wait, --operator, --no-input …)'

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

/** What may be typed after the command, a line or more for each. */
function rowsOf(command: Command, help: Help): string[] {
  const rows = entriesOf(command, help)
  const termWidth = Math.max(0, ...rows.map(([term]) => term.length))
  return rows.map(([term, about]) => help.formatItem(term, termWidth, about, help))
}

function entriesOf(command: Command, help: Help): [term: string, about: string][] {
  const commands = help.visibleCommands(command).filter((each) => each.name() !== 'help')
  if (commands.length > 0) {
    return commands.map((each) => [help.subcommandTerm(each), help.subcommandDescription(each)])
  }
  const options =
    command.name() === OPTIONS_TOPIC
      ? help.visibleOptions(command.parent!)
      : help.visibleOptions(command).filter((each) => each.long !== '--help')
  return [
    ...command.registeredArguments.map((each): [string, string] => [
      help.argumentTerm(each),
      help.argumentDescription(each),
    ]),
    ...options.map((each): [string, string] => [
      help.optionTerm(each),
      help.optionDescription(each),
    ]),
  ]
}

function asSentence(description: string): string {
  const text = description.charAt(0).toUpperCase() + description.slice(1)
  return text.endsWith('.') ? text : `${text}.`
}
