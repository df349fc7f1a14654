#!/usr/bin/env node
try {
  // Built from src/start/start.ts.
  require('../dist/start.cjs').start()
} catch (error) {
  // A fresh clone has no dist: `npm ci` makes it.
  if (error.code !== 'MODULE_NOT_FOUND') throw error
  process.stderr.write(`The program is not built yet. Run \`npm ci\` in its directory first.\n`)
  process.exitCode = 2
}
