import type { Declaration } from '../../declaration.js'

const EXITS = [0, 2, 5, 6]

export const tokenCommands: Declaration = {
  name: 'token',
  about: 'create, list and revoke tokens for HTTP',
  examples: ['tickets token create --name lobby --role box-office', 'tickets token list'],
  exits: EXITS,
  commands: [
    {
      name: 'create',
      about: 'create a token; it is printed only this once',
      options: {
        '--name <text>': 'who or what it is for',
        '--role <role>': 'admin, box-office (book, confirm, cancel, …) or read',
      },
      examples: [
        'tickets token create --name lobby --role box-office',
        'tickets token create --name dashboard --role read --json',
      ],
      exits: EXITS,
      makesOneChange: true,
      run: async () => ({ run: (await import('./token.js')).create }),
    },
    {
      name: 'list',
      about: 'list tokens, without their secrets',
      examples: ['tickets token list'],
      exits: EXITS,
      run: async () => ({ run: (await import('./token.js')).list }),
    },
    {
      name: 'revoke',
      about: 'revoke a token',
      arguments: { '<id>': 'as `token list` shows it' },
      examples: ['tickets token list', 'tickets token revoke 3f2a8c1e5b7d'],
      exits: EXITS,
      makesOneChange: true,
      run: async () => ({ run: (await import('./token.js')).revoke }),
    },
  ],
}
