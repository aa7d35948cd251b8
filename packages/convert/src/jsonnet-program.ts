import { posix } from 'node:path'
import { ConversionError } from './conversion-error.ts'
import { type JsonnetToken, readTokens } from './jsonnet-tokens.ts'

export interface JsonnetImport {
  /** `code` is read as a program, `data` as it is. */
  readonly as: 'code' | 'data'
  /** Path inside of the repository. */
  readonly path: string
  /** Where it is named, for messages. */
  readonly place: string
}

export interface JsonnetProgram {
  readonly imports: readonly JsonnetImport[]
  /** The program as the interpreter gets it. */
  readonly text: string
}

const importWords: ReadonlyMap<string, JsonnetImport['as']> = new Map([
  ['import', 'code'],
  ['importstr', 'data'],
  ['importbin', 'data'],
])

/** Reads which files a program imports, and prints it again so that those are all that it can import: comments are
 *  blanked, strings that readers could disagree on are written plainly, and each import is the path of a fetched
 *  file. Whatever the interpreter would make of the original, it sees no `import` that was not seen here. Lines stay
 *  the same, and columns except behind a rewritten string. */
export const readProgram = (path: string, text: string): JsonnetProgram => {
  const tokens = readTokens(path, text)
  const imports: JsonnetImport[] = []
  const printed: string[] = []
  let pending: { as: JsonnetImport['as']; word: JsonnetToken } | null = null
  for (const token of tokens) {
    if (token.kind === 'blank' || token.kind === 'comment') {
      printed.push(blanked(token.text))
      continue
    }
    if (pending !== null) {
      const found = importOf(path, pending, token)
      imports.push(found)
      printed.push(JSON.stringify(printedPath(path, found)), lineFeedsOf(token.text))
      pending = null
      continue
    }
    const as = token.kind === 'name' ? importWords.get(token.text) : undefined
    if (as !== undefined) pending = { as, word: token }
    printed.push(token.kind === 'string' ? printString(token) : token.text)
  }
  if (pending !== null) fail(path, pending.word, `nothing follows ${pending.word.text}`)
  return { imports, text: printed.join('') }
}

/** Folder of the files that are read as data: one file may be imported both ways. */
export const dataFolder = '.waggle-importstr'

/** Jsonnet resolves imports from the folder of the file that has them. */
const printedPath = (from: string, { as, path }: JsonnetImport): string =>
  posix.relative(posix.dirname(from), as === 'data' ? `${dataFolder}/${path}` : path)

const importOf = (
  from: string,
  { as, word }: { as: JsonnetImport['as']; word: JsonnetToken },
  token: JsonnetToken,
): JsonnetImport => {
  if (token.kind !== 'string') fail(from, word, `${word.text} takes a string literal`)
  const problem = problemOf(token.value)
  if (problem !== null) fail(from, token, `${word.text} ${quoted(token.value)}: ${problem}`)
  const path = posix.join(posix.dirname(from), token.value)
  if (path === '.' || path === '..' || path.startsWith('../'))
    fail(from, token, `${word.text} ${quoted(token.value)}: leaves the repository`)
  if (path === dataFolder || path.startsWith(`${dataFolder}/`))
    fail(from, token, `${word.text} ${quoted(token.value)}: the folder's name is taken`)
  return { as, path, place: placeOf(from, token) }
}

const mostPathBytes = 255

/** threats.md T-57. */
const problemOf = (path: string): string | null => {
  if (path === '' || path.endsWith('/')) return 'names no file'
  if (Buffer.byteLength(path) > mostPathBytes) return `is longer than ${mostPathBytes} bytes`
  if (path.startsWith('/')) return 'only relative paths of the repository can be imported'
  if (/[^\P{Cc}]|\\/u.test(path)) return 'holds control characters or backslashes'
  return null
}

const blanked = (text: string): string => text.replace(/[^\n\t\r ]/g, ' ')

const lineFeedsOf = (text: string): string => '\n'.repeat(text.split('\n').length - 1)

/** Quoted strings are the same to every reader; verbatim strings and text blocks are written as such. */
const printString = (token: JsonnetToken): string =>
  token.text.startsWith('"') || token.text.startsWith("'")
    ? token.text
    : JSON.stringify(token.value) + lineFeedsOf(token.text)

const quoted = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)

const placeOf = (path: string, token: JsonnetToken): string =>
  `${path}:${token.line}:${token.column}`

const fail = (path: string, token: JsonnetToken, problem: string): never => {
  throw new ConversionError(`jsonnet: ${placeOf(path, token)}: ${problem}`)
}
