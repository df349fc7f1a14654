import type { Command } from 'commander'
import { slipsBetween } from '../shared/spelling.js'
import { pathOf, visibleCommands } from './declaration.js'

/** Returns 'Did you mean …?' for an unknown `word` after `command`; '' if no word is similar. */
export function suggestionFor(word: string, command: Command): string {
  const meant = word.startsWith('-')
    ? closest(word, optionsOf(command))
    : commandsLike(word, command)
  const last = meant.at(-1)
  if (last === undefined) return ''
  const others = meant.slice(0, -1).join(', ')
  return ` Did you mean ${others === '' ? last : `${others} or ${last}`}?`
}

function optionsOf(command: Command): string[] {
  const own = command.createHelp().visibleOptions(command)
  const names = own.flatMap(({ long }) => long ?? [])
  return command.parent ? [...names, ...optionsOf(command.parent)] : names
}

/** The commands there with a similar name, else those elsewhere with the same name. */
function commandsLike(word: string, command: Command): string[] {
  const here = visibleCommands(command).map((one) => one.name())
  const close = closest(word, here)
  if (close.length > 0) return close
  return leavesOf(rootOf(command))
    .filter((leaf) => leaf.name() === word)
    .map(pathOf)
}

/** The words that differ from `word` by the fewest typing errors: one for every three letters at most. */
function closest(word: string, words: readonly string[]): string[] {
  const distances = words.map((one) => slipsBetween(word, one))
  const least = Math.min(...distances)
  const most = Math.max(1, Math.floor(word.replace(/^-+/, '').length / 3))
  return least > most ? [] : words.filter((_, index) => distances[index] === least)
}

function rootOf(command: Command): Command {
  return command.parent ? rootOf(command.parent) : command
}

function leavesOf(command: Command): Command[] {
  const inner = visibleCommands(command)
  return inner.length === 0 ? [command] : inner.flatMap(leavesOf)
}
