import { Composer, type CST, type Document, LineCounter, Parser } from 'yaml'
import { readPlainYaml } from './read-plain-yaml.ts'
import { composerOptions } from './scalar-source.ts'
import type { RawDocument } from './split-documents.ts'
import { syntaxProblems } from './syntax-problems.ts'
import { guardYaml, isTooDeep } from './yaml-guard.ts'
import type { Place, YamlNode } from './yaml-node.ts'
import { limitProblem, Refused, type YamlProblem } from './yaml-problem.ts'
import { type NodeBudget, YamlTree } from './yaml-tree.ts'

export interface YamlReading {
  /** `null`: the document has no node, or could not be read. */
  readonly root: YamlNode | null
  readonly problems: readonly YamlProblem[]
}

/** Reads one document into a tree of source texts. Never throws; bounded in time, depth and nodes whatever the text. */
export const readYaml = (raw: RawDocument, budget: NodeBudget): YamlReading => {
  const root = readPlainYaml(raw, budget)
  if (root === null) return readAnyYaml(raw, budget)
  if (root.kind === 'map') return { root, problems: [] }
  const { kind, line, column } = root
  return { root: null, problems: [limitProblem(kind, { line, column, path: '' })] }
}

/** The whole of YAML, by the library. */
export const readAnyYaml = (raw: RawDocument, budget: NodeBudget): YamlReading => {
  const start = { line: raw.line, column: 1, path: '' }
  const lexemes = guardYaml(raw.text, budget.richLeft)
  if (typeof lexemes === 'string') return { root: null, problems: [limitProblem(lexemes, start)] }
  const counter = new LineCounter()
  const tokens = parse(lexemes, counter)
  if (isTooDeep(tokens)) return { root: null, problems: [limitProblem('depth', start)] }
  const place = (offset: number): Place => {
    const { line, col } = counter.linePos(offset)
    return { line: Math.max(line, 1) + raw.line - 1, column: Math.max(col, 1) }
  }
  const documents = compose(tokens)
  const problems = documents.flatMap((each) => syntaxProblems(each, raw.text, place))
  if (problems.length > 0) return { root: null, problems }
  const [document, second] = documents
  if (second !== undefined) {
    const message = 'yaml: more than one document without a separator line'
    return { root: null, problems: [{ code: 'yaml_syntax', message, ...start }] }
  }
  if (!document?.contents) return { root: null, problems: [] }
  const reader = new YamlTree(place, budget)
  try {
    const { node } = reader.read(document.contents, '')
    const isEmpty = node.kind === 'scalar' && node.style === 'plain' && node.text === ''
    return { root: isEmpty ? null : node, problems: reader.problems }
  } catch (error) {
    if (error instanceof Refused)
      return { root: null, problems: [...reader.problems, error.problem] }
    throw error
  }
}

/** As `Parser.parse` does, without cutting the text up once more. */
const parse = (lexemes: readonly string[], counter: LineCounter): CST.Token[] => {
  const parser = new Parser(counter.addNewLine)
  const tokens: CST.Token[] = []
  counter.addNewLine(0)
  for (const lexeme of lexemes) for (const token of parser.next(lexeme)) tokens.push(token)
  for (const token of parser.end()) tokens.push(token)
  return tokens
}

/** Each mistake and each unknown tag is an error object of the library: without the calls that led to it, which cost ten
 *  times as much as all the rest and which nobody reads. */
const compose = (tokens: readonly CST.Token[]): Document.Parsed[] => {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return [...new Composer(composerOptions).compose(tokens)]
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
