import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A part of a page that can be run: files, and a console session with what it prints. */
export interface Example {
  readonly page: string
  readonly line: number
  readonly files: ReadonlyMap<string, string>
  readonly session: readonly Call[]
}

export interface Call {
  readonly command: string
  readonly exitCode: number
  /** Parts of lines that have to come in this order; between them other lines may come. */
  readonly output: readonly string[]
}

/** Every example of a folder's pages. Fences with `file=NAME` are the files of the next `console` fence; one without
 *  files before it goes on with those of the last one. */
export const readExamples = (folder: string): readonly Example[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .sort()
    .flatMap((name) => examplesOf(name, readFileSync(join(folder, name), 'utf8')))

const examplesOf = (page: string, text: string): Example[] => {
  const examples: Example[] = []
  let files = new Map<string, string>()
  let isUsed = false
  for (const { info, body, line } of fencesOf(page, text)) {
    const file = / file=(\S+)/.exec(info)?.[1]
    if (file !== undefined) {
      if (isUsed) files = new Map()
      isUsed = false
      files.set(file, body)
    } else if (info === 'console') {
      if (files.size === 0) throw new Error(`${page}, line ${line}: a console without a file`)
      examples.push({ page, line, files, session: sessionOf(body) })
      isUsed = true
    }
  }
  if (files.size > 0 && !isUsed) throw new Error(`${page}: its last files are never used`)
  return examples
}

const fencesOf = (page: string, text: string): { info: string; body: string; line: number }[] => {
  const fences: { info: string; body: string; line: number }[] = []
  let open: { info: string; lines: string[]; line: number } | null = null
  for (const [index, line] of text.split('\n').entries()) {
    if (!line.startsWith('```')) {
      open?.lines.push(line)
    } else if (open === null) {
      open = { info: line.slice(3).trim(), lines: [], line: index + 1 }
    } else {
      fences.push({ info: open.info, body: `${open.lines.join('\n')}\n`, line: open.line })
      open = null
    }
  }
  if (open !== null) throw new Error(`${page}, line ${open.line}: a fence without an end`)
  return fences
}

/** `$ ` begins a command; `(exit N)` tells its exit code, 0 where it is not told; `…` stands for lines left out. */
const sessionOf = (body: string): Call[] => {
  const calls: { command: string; exitCode: number; output: string[] }[] = []
  for (const line of body.split('\n')) {
    const last = calls.at(-1)
    const exit = /^\(exit (\d+)\)$/.exec(line)
    if (line.startsWith('$ ')) calls.push({ command: line.slice(2), exitCode: 0, output: [] })
    else if (last === undefined) throw new Error(`a console has to begin with a command: ${line}`)
    else if (exit) last.exitCode = Number(exit[1])
    else if (line.trim() !== '' && line.trim() !== '…') last.output.push(line.trim())
  }
  return calls
}
