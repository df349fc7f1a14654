import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'

let map: SourceMap | undefined

/** An error's stack. The build shortens names, so its source map supplies the places in src. */
export function stackOf({ stack = '' }: Error): string {
  const program = import.meta.url
  try {
    map ??= new SourceMap(JSON.parse(readFileSync(`${program}.map`, 'utf8')))
  } catch {
    return stack
  }
  return stack.replaceAll(/(\/\S+\.cjs):(\d+):(\d+)/g, (place, file, line, column) => {
    const origin = file === program && map?.findOrigin(Number(line), Number(column))
    if (!origin || !('fileName' in origin)) return place
    return `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}`
  })
}
