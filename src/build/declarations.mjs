// Rolls the declarations of src/index.ts up into one file, dist/index.d.ts, with what is exported
// and nothing else. API Extractor brings a TypeScript of its own: TypeScript 7 has no API for it.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'

const root = fileURLToPath(new URL('../..', import.meta.url))
const entry = join(root, 'dist/types/src/index.d.ts')

const config = ExtractorConfig.prepare({
  configObjectFullPath: undefined,
  packageJsonFullPath: join(root, 'package.json'),
  configObject: {
    newlineKind: 'lf',
    projectFolder: root,
    mainEntryPointFilePath: entry,
    compiler: {
      overrideTsconfig: {
        compilerOptions: { target: 'es2023', lib: ['es2024'], module: 'nodenext', types: ['node'] },
        files: [entry],
      },
    },
    dtsRollup: { enabled: true, untrimmedFilePath: join(root, 'dist/index.d.ts') },
    messages: {
      compilerMessageReporting: { default: { logLevel: 'error' } },
      extractorMessageReporting: {
        default: { logLevel: 'none' },
        // A type that callers meet and cannot name.
        'ae-forgotten-export': { logLevel: 'error' },
      },
      tsdocMessageReporting: { default: { logLevel: 'none' } },
    },
  },
})
const { succeeded } = Extractor.invoke(config, {
  localBuild: true,
  messageCallback(message) {
    if (message.logLevel === 'info') message.logLevel = 'none'
  },
})
if (!succeeded) process.exitCode = 1
