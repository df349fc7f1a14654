import { completeCommand, completionCommand } from '../completion/command.js'
import type { Declaration } from '../declaration.js'
import { helpCommand, helpTopics } from '../help/command.js'
import { bookCommand } from './book/command.js'
import { bookingCommands } from './booking/command.js'
import { daemonCommands } from './daemon/command.js'
import { dbCommands } from './db/command.js'
import { demoCommand } from './demo/command.js'
import { doctorCommand } from './doctor/command.js'
import { historyCommand } from './history/command.js'
import { migrateCommand } from './migrate/command.js'
import { planCommands } from './plan/command.js'
import { serveCommand } from './serve/command.js'
import { showCommands } from './show/command.js'
import { stressCommand } from './stress/command.js'
import { tokenCommands } from './token/command.js'
import { verifyCommand } from './verify/command.js'

/** Every command of the program, in the order of its help. */
export const allCommands: readonly Declaration[] = [
  migrateCommand,
  showCommands,
  planCommands,
  historyCommand,
  bookCommand,
  bookingCommands,
  verifyCommand,
  stressCommand,
  demoCommand,
  dbCommands,
  daemonCommands,
  doctorCommand,
  serveCommand,
  tokenCommands,
  ...helpTopics,
  helpCommand,
  completionCommand,
  completeCommand,
]
