import type { Declaration } from '../declaration.js'

const shells = ['bash', 'zsh', 'fish']

export const completionCommand: Declaration = {
  name: 'completion',
  about: 'print a shell completion script',
  arguments: { '<shell>': { about: 'for which shell', choices: shells } },
  examples: [
    'source <(tickets completion bash)',
    'tickets completion fish > ~/.config/fish/completions/tickets.fish',
  ],
  exits: [0, 2],
  run: () => import('./completion.js'),
}

export const completeCommand: Declaration = {
  name: 'complete',
  about: 'print what may be typed next; for the scripts of `tickets completion`',
  isHidden: true,
  arguments: {
    '<shell>': { about: 'for which shell', choices: shells },
    '<index>': 'which word the cursor is in',
    '<words...>': 'the words of the line',
  },
  run: async (_run, { parent }) => ({
    run: (await import('./complete.js')).completing(parent!),
  }),
}
