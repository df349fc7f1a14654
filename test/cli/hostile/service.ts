import {
  CLEAR,
  DIRECTORY,
  each,
  HALF,
  HELD,
  HOUSE,
  type HostileInput,
  LONG,
  MISSING,
  notCounts,
  notSeats,
  notTexts,
  SOLD,
  someNotCounts,
  TITLE,
  TOKEN,
  usage,
} from './values.js'

const notHosts = [
  ...['', ' ', '256.0.0.1', '1.2.3', 'no such host', 'nobody.invalid', '-1', '1e9', 'NaN', '\0'],
  ...['http://localhost', 'localhost:80', '127.0.0.1/8', '[::1]', '::g', '192.0.2.1', LONG, HALF],
  ...[CLEAR, '$(reboot)', '../x', "';--", DIRECTORY],
]
const notOrigins = [
  ...[
    '',
    ' ',
    '*',
    'null',
    'example.org',
    'https://',
    'https://h/path',
    'https://h?x',
    'file:///x',
  ],
  ...['https://u:p@h', 'javascript:alert(1)', '\0', HALF, CLEAR, LONG, 'https://h:99999', 'NaN'],
]

/** The server over HTTP, its tokens, and shell completion. */
export const serviceInputs: Record<string, HostileInput[]> = {
  'a server that cannot be started': [
    ...each(notHosts, (host) => ['serve', '--port', '0', '--host', host]),
    ...each([...someNotCounts, '65536', '999999999'], (n) => ['serve', '--port', n]),
    ...each([...someNotCounts, '0', '1001'], (n) => ['serve', '--port', '0', '--connections', n]),
    ...each([...someNotCounts, '0', '1000001', 'None'], (n) => [
      ...['serve', '--port', '0', '--rate', n],
    ]),
    ...each(notOrigins, (origin) => ['serve', '--port', '0', '--cors', origin]),
    ...each(['*', ''], (origin) => ['serve', '--port', '0', '--cors', 'https://h', origin]),
  ],
  'a token that cannot be created': [
    ...each([...notTexts, 'a'.repeat(101)], (text) => [
      ...['token', 'create', '--role', 'read', '--name', text],
    ]),
    ...each(
      ['', 'root', 'Admin', 'admin,read', '__proto__', 'constructor', '\0', HALF, LONG],
      (role) => [...['token', 'create', '--name', 'x', '--role', role]],
    ),
    usage(['token']),
    usage(['token', 'create']),
    usage(['token', 'create', '--name', 'x']),
    usage(['token', 'create', '--role', 'read']),
    usage(['token', 'revoke']),
    ...each(
      [
        ...[
          '',
          ' ',
          '0',
          '-1',
          'NaN',
          HOUSE,
          SOLD,
          MISSING,
          TOKEN.slice(1),
          `${TOKEN}0`,
          '\0',
          HALF,
        ],
        ...[
          TOKEN.toUpperCase(),
          `tkt_${TOKEN}`,
          '000000000000',
          "' or true --",
          CLEAR,
          TITLE,
          LONG,
        ],
      ],
      (id) => ['token', 'revoke', id],
    ),
  ],
  'an invalid operator': [
    ...each(notTexts, (name) => ['--operator', name, 'show', 'list']),
    ...each(notTexts, (name) => ['booking', 'cancel', HELD, '--operator', name]),
    ...[' ', '\0', HALF, LONG].map(
      (TICKETS_OPERATOR): HostileInput => ({
        argv: ['show', 'list'],
        exit: 2,
        env: { TICKETS_OPERATOR },
      }),
    ),
  ],
  'any word to complete': [
    ...each(
      [...notCounts, '999999999'],
      (index) => ['complete', 'bash', index, '--', 'tickets', 'x'],
      0,
    ),
    ...each(notSeats, (word) => ['complete', 'zsh', '1', '--', 'tickets', word], 0),
    ...each(
      [CLEAR, TITLE, HALF, '\0', '--', '-', "'", '"', '$(id)', LONG],
      (word) => [...['complete', 'fish', '2', '--', 'tickets', 'book', word]],
      0,
    ),
    ...each(
      [CLEAR, HALF, '\0', '--', "'", LONG],
      (word) => [...['complete', 'bash', '4', '--', 'tickets', 'book', word, '--seats', '']],
      0,
    ),
    usage(['complete']),
    usage(['complete', 'bash']),
    usage(['complete', 'bash', '1']),
  ],
}
