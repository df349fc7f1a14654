import type { Parameter, ParametersByTerm } from './declaration.js'

// The parameters that several commands share.

const show = { about: "a show's id, the beginning of its id, or its name" }

/** SHOW: completion offers every show. */
export const anyShow: Parameter = { ...show, completes: { shows: 'any' } }

/** SHOW: completion offers the shows to come. */
export const upcomingShow: Parameter = { ...show, completes: { shows: 'upcoming' } }

/** --date, for every command that takes a show. */
export const dateOption: ParametersByTerm = {
  '--date <date>': {
    about: "the show's date, if several have its name: 2031-03-01",
    completes: 'dates',
  },
}

/** --output, for every command that lists. */
export const outputOption: ParametersByTerm = {
  '-o, --output <format>': { about: 'format', choices: ['table', 'json', 'ndjson', 'csv'] },
}

/** For every command whose list is paged on a terminal. */
export const pageOptions: ParametersByTerm = {
  '--limit <n>': 'at most N',
  '--all': 'list all rows, even on a terminal',
  ...outputOption,
}

/** The exit codes of a command that finds a show or a booking, and cannot be refused. */
export const READ_EXITS = [0, 2, 3, 5, 6]

/** Those of a command that may be refused as well: seats are taken, or the state forbids it. */
export const CHANGE_EXITS = [0, 2, 3, 4, 5, 6]
