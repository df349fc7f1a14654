import type { Command } from 'commander'
import { type Action, once } from '../../parameters.js'

/** `tickets serve`, and the tokens of those who may use it. */
export function addServerCommands(program: Command, action: Action): void {
  program
    .command('serve')
    .description('the same over HTTP; prints where it listens')
    .addOption(once('--port <n>', 'port to listen on; 0 is any (3000)'))
    .addOption(once('--host <address>', 'address to listen on (127.0.0.1)'))
    .option('--require-token', 'want a token on the loopback address too')
    .option('--public-info', 'want no token for /docs, /openapi.json and /metrics')
    .option('--cors <origin...>', 'let web pages of this origin call it')
    .addOption(
      once(
        '--rate <n>',
        "requests a second from one address (50; 'none' on loopback); except on loopback, an address has at most 500 connections and 100 streams, whatever the rate",
      ),
    )
    .addOption(once('--connections <n>', 'connections to the database for requests (10)'))
    .action(action(() => import('./serve.js')))

  const token = program.command('token').description('who may change something over HTTP')
  token
    .command('create')
    .description('make a token, and print it this once')
    .addOption(once('--name <text>', 'whose it is, or what for'))
    .addOption(once('--role <role>', 'admin, box-office (book, confirm, cancel, …) or read'))
    .action(action(async () => ({ run: (await tokens()).create })))
  token
    .command('list')
    .description('list tokens; never what they are')
    .action(action(async () => ({ run: (await tokens()).list })))
  token
    .command('revoke')
    .description('end a token')
    .argument('<id>', 'as `token list` shows it')
    .action(action(async () => ({ run: (await tokens()).revoke })))
}

/** `tickets db …`: the embedded server itself, by what it can be told to do. */
export function addDbCommands(program: Command, action: Action): void {
  const db = program.command('db').description('the embedded server: state, start, stop and URL')
  const abouts = {
    status: 'whether it runs, where its data are, and how large they are',
    start: 'start it and upgrade its schema; create it if there is none',
    stop: 'stop it; the next command that needs it starts it again',
    url: 'print its URL, for psql, node-postgres and DATABASE_URL',
  }
  for (const [name, about] of Object.entries(abouts)) {
    db.command(name)
      .description(about)
      .action(
        action(async () => {
          const { dbCommands } = await import('../db/db.js')
          return { run: dbCommands[name as keyof typeof abouts] }
        }),
      )
  }
}

const tokens = () => import('../token/token.js')
