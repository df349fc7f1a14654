// Runs a bundled script with V8's code cache, which it keeps beside it.
// Arguments: the script's file, then its own.
const { existsSync, readFileSync, writeFileSync } = require('node:fs')
const { Script } = require('node:vm')

const file = process.argv[2]
const cache = `${file}.cache`
const source = `(function (require) {${readFileSync(file, 'latin1')}\n})`
const script = new Script(source, {
  filename: file,
  ...(existsSync(cache) && { cachedData: readFileSync(cache) }),
})
script.runInThisContext()(require)
if (script.cachedDataRejected !== false) {
  process.once('exit', () => writeFileSync(cache, script.createCachedData()))
}
