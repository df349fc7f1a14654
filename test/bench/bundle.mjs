// Bundles a script, as far as bundling alone brings it.
// Arguments: the script's file, and the bundle's.
import { build } from 'esbuild'
import { otherDrivers } from '../../src/build/other-drivers.mjs'

const [, , script, bundle] = process.argv
await build({
  entryPoints: [script],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  minifySyntax: true,
  minifyWhitespace: true,
  external: otherDrivers,
})
