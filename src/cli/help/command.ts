import type { Command } from 'commander'

/** What there is help on besides commands, each as a hidden command that prints it. */
const topics = {
  options: 'options that every command takes, before or after its name',
  environment: 'variables that the commands read; the first two rows also from a file .env',
  'exit-codes': 'exit codes, and what a script does about them',
  errors: 'error codes by exit code: `error.code` under --json',
}

/** `tickets help [COMMAND…]` and the topics. */
export function addHelpCommands(program: Command): void {
  for (const [topic, about] of Object.entries(topics)) {
    program
      .command(topic, { hidden: true })
      .description(about)
      .action((_options, command: Command) => command.help())
  }
  program
    .command('help', { hidden: true })
    .description('print help on a command or on a topic')
    .argument(
      '[command...]',
      `a command, such as show create, or ${Object.keys(topics).join(', ')}`,
    )
    .action((words: string[]) => commandAt(program, words).help())
  // Commander's own knows one level of commands.
  program.helpCommand(false)
}

/** The command of that path. Fails as commander does where there is none. */
function commandAt(program: Command, path: readonly string[]): Command {
  let command = program
  for (const word of path) {
    const inner = command.commands.find((one) => one.name() === word)
    // An action that is an argument, such as that of `counter`, has no help of its own.
    const isAction = command.registeredArguments[0]?.argChoices?.includes(word)
    if (!inner && !isAction) {
      return command.error(`unknown command '${word}'`, { code: 'commander.unknownCommand' })
    }
    command = inner ?? command
  }
  return command
}
