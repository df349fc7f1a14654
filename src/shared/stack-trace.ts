import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname } from 'node:path'
import { remember } from './remember.js'

/** An error's stack. The build shortens names, so its source maps supply the positions in src. */
export function stackOf({ stack = '' }: Error): string {
  return stack.replaceAll(/(\/\S+\.cjs):(\d+):(\d+)/g, (position, file, line, column) => {
    const origin = mapOf(file)?.findOrigin(Number(line), Number(column))
    if (!origin || !('fileName' in origin)) return position
    return `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}`
  })
}

/** Only the program's own scripts have a map that can be trusted. */
const mapOf = remember(100, (script: string): SourceMap | undefined => {
  if (dirname(script) !== dirname(import.meta.url)) return undefined
  try {
    return new SourceMap(JSON.parse(readFileSync(`${script}.map`, 'utf8')))
  } catch {
    return undefined
  }
})
