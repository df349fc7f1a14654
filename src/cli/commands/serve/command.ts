import type { Declaration } from '../../declaration.js'

export const serveCommand: Declaration = {
  name: 'serve',
  about: 'serve shows and bookings over HTTP; prints its address',
  options: {
    '--port <n>': 'port to listen on; 0 is any (default: 3000)',
    '--host <address>': 'address to listen on (default: 127.0.0.1)',
    '--require-token': 'require a token on the loopback address too',
    '--public-info': 'require no token for /docs, /openapi.json and /metrics',
    '--cors <origin...>': 'let web pages of this origin call it',
    '--rate <n>':
      "requests a second from one address (default: 50; 'none' on loopback); an address off loopback has at most 500 connections and 100 streams",
    '--connections <n>': 'connections to the database for requests (default: 10)',
  },
  examples: ['tickets serve', 'tickets serve --host 0.0.0.0 --port 8080'],
  exits: [0, 2, 5, 6],
  run: () => import('./serve.js'),
}
