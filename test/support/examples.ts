import { transform } from 'esbuild'

/** A command line of a document, and the answer that the document shows. */
export interface Example {
  command: string
  /** Lines; '…' stands for anything in a line, and alone on a line for any lines. */
  answer: string[]
}

/** A fenced block: its language, and the file name if the block is a file or a part of one. */
export interface Block {
  language: string
  file: string | undefined
  text: string
}

/** The fenced blocks of a Markdown text. */
export function blocksOf(markdown: string): Block[] {
  const fences = markdown.matchAll(/^```(\w*) ?(\S*)\n(.*?)^```$/gms)
  return Array.from(fences, ([, language, file, text]) => ({
    language: language!,
    file: file || undefined,
    text: text!,
  }))
}

/** The files that a document shows, by name. A file may be shown in parts, with text between them. */
export function filesOf(markdown: string): Map<string, string> {
  const files = new Map<string, string>()
  for (const { file, text } of blocksOf(markdown)) {
    if (file) files.set(file, (files.get(file) ?? '') + text)
  }
  return files
}

/**
 * The steps that a reader would run, in the order of the document: the commands of its `console`
 * blocks, and each JavaScript file whose comments show what it prints (`console.log(1 + 1) // →
 * 2`), at the last part of the file.
 */
export function stepsOf(markdown: string): Example[] {
  const blocks = blocksOf(markdown)
  const files = filesOf(markdown)
  return blocks.flatMap(({ language, file, text }, i) => {
    if (language === 'console') return examplesOf(text)
    if (language !== 'js' || !file || blocks.slice(i + 1).some((later) => later.file === file)) {
      return []
    }
    const answer = Array.from(files.get(file)!.matchAll(/\/\/ → (.*)$/gm), ([, line]) => line!)
    return answer.length === 0 ? [] : [{ command: `node ${file}`, answer }]
  })
}

/** The commands of a `console` block: each line after a '$', with its continuation lines. */
function examplesOf(text: string): Example[] {
  const examples: Example[] = []
  for (const line of text.trimEnd().split('\n')) {
    const last = examples.at(-1)
    if (line.startsWith('$ ')) examples.push({ command: line.slice(2), answer: [] })
    else if (last?.command.endsWith('\\') && last.answer.length === 0) last.command += `\n${line}`
    else last?.answer.push(line)
  }
  return examples
}

/** The titles of the tests that run, and of their groups, in the text of a test file. */
export async function titlesIn(source: string): Promise<string[]> {
  // Remove comments, as a title in a comment is not a test.
  const { code } = await transform(source, { loader: 'ts', minifyWhitespace: true })
  return Array.from(code.matchAll(TITLE), ([, , title]) => title!)
}

/** The first argument of `it`, `test` or `describe`, or of what `it.each(…)` returns. */
const TITLE =
  /(?:(?<![\w.])(?:it|test|describe)(?:\.concurrent)?|\))\((["'`])((?:\\.|(?!\1).)*)\1,/g

/**
 * Values that differ from run to run. Once a reference has been printed, the K7Q2-9FMX of the
 * document stands for that reference in all later examples.
 */
export class Names {
  readonly #real = new Map<string, string>()

  /** Replaces the names in a command by the real ones. */
  inCommand(command: string): string {
    return command.replace(REFERENCE, (name) => this.#real.get(name) ?? name)
  }

  /** Whether the output matches the answer. Remembers the real names that it contains. */
  match(expected: string[], actual: string[]): boolean {
    const [line, ...rest] = expected
    if (line === undefined) return actual.length === 0
    if (line === '…') {
      return actual.some((_, i) => this.match(rest, actual.slice(i))) || this.match(rest, [])
    }
    if (line === '{' || line === '[') {
      const end = expected.findIndex((other) => other === (line === '{' ? '}' : ']'))
      return (
        isSameJson(expected.slice(0, end + 1).join('\n'), actual[0] ?? '') &&
        this.match(expected.slice(end + 1), actual.slice(1))
      )
    }
    return (
      actual.length > 0 && this.#matchLine(line, actual[0]!) && this.match(rest, actual.slice(1))
    )
  }

  #matchLine(expected: string, actual: string): boolean {
    const names = expected.match(REFERENCE) ?? []
    const pattern = expected
      .split(/(…|[2-9A-Z]{4}-[2-9A-Z]{4})/)
      .map((part, i) => (i % 2 === 0 ? literally(part) : part === '…' ? '.*' : '(.{9})'))
    const found = new RegExp(`^${pattern.join('')}$`).exec(actual)
    if (found === null) return false
    return names.every((name, i) => {
      const real = this.#real.get(name) ?? found[i + 1]!
      this.#real.set(name, real)
      return real === found[i + 1]
    })
  }
}

const REFERENCE = /\b[2-9A-Z]{4}-[2-9A-Z]{4}\b/g

/** Whether the text is this JSON, ignoring line breaks and any text that '…' stands for. */
function isSameJson(expected: string, actual: string): boolean {
  try {
    return isSame(JSON.parse(expected), JSON.parse(actual))
  } catch {
    return false
  }
}

function isSame(expected: unknown, actual: unknown): boolean {
  if (expected === '…') return true
  if (typeof expected !== 'object' || expected === null) return expected === actual
  if (typeof actual !== 'object' || actual === null) return false
  const [wanted, given] = [Object.entries(expected), Object.entries(actual)]
  return (
    wanted.length === given.length &&
    wanted.every(([key, value], i) => given[i]![0] === key && isSame(value, given[i]![1]))
  )
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
