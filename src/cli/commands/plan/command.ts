import type { Declaration } from '../../declaration.js'
import { CHANGE_EXITS, dateOption } from '../../parameters.js'

const file = {
  about: "a plan: its text, pretix's JSON or CSV; '-' is stdin",
  completes: 'files',
} as const

export const planCommands: Declaration = {
  name: 'plan',
  about: 'check and print plans of houses',
  examples: ['tickets plan check globe.plan', 'tickets plan print globe.plan'],
  exits: [...CHANGE_EXITS, 7],
  commands: [
    {
      name: 'check',
      about: 'report every mistake in a plan, or count its seats',
      arguments: { '<file>': file },
      examples: ['tickets plan check globe.plan', 'tickets plan check globe.plan --json'],
      exits: [0, 2, 7],
      run: () => import('./check.js'),
    },
    {
      name: 'print',
      about: 'draw a plan, or write it in another format',
      arguments: {
        '<plan>': {
          about: "the file of a plan, '-' for stdin, or a show",
          completes: { shows: 'any', orPlans: true },
        },
      },
      options: {
        ...dateOption,
        '-o, --output <format>': { about: 'write it', choices: ['text', 'json', 'csv'] },
      },
      examples: [
        'tickets plan print globe.plan',
        'tickets plan print globe.plan -o json > globe.json',
        'tickets plan print globe.plan -o csv | tickets plan print - -o text',
      ],
      exits: CHANGE_EXITS,
      run: () => import('./print.js'),
    },
  ],
}
