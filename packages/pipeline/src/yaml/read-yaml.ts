import { Composer, type CST, type Document, LineCounter, Parser } from 'yaml'
import { readPlainYaml } from './read-plain-yaml.ts'
import { composerOptions } from './scalar-source.ts'
import type { RawDocument } from './split-documents.ts'
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
  return root === null ? readAnyYaml(raw, budget) : { root, problems: [] }
}

/** The whole of YAML, by the library. */
export const readAnyYaml = (raw: RawDocument, budget: NodeBudget): YamlReading => {
  const start = { line: raw.line, column: 1, path: '' }
  const refused = guardYaml(raw.text)
  if (refused !== null) return { root: null, problems: [limitProblem(refused, start)] }
  const counter = new LineCounter()
  const tokens: CST.Token[] = [...new Parser(counter.addNewLine).parse(raw.text)]
  if (isTooDeep(tokens)) return { root: null, problems: [limitProblem('depth', start)] }
  const place = (offset: number): Place => {
    const { line, col } = counter.linePos(offset)
    return { line: Math.max(line, 1) + raw.line - 1, column: Math.max(col, 1) }
  }
  const documents = compose(tokens)
  const problems = documents.flatMap((document) =>
    document.errors.slice(0, 10).map((error) => ({
      code: 'yaml_syntax',
      message: `yaml: ${error.message}`,
      path: '',
      ...place(error.pos[0]),
    })),
  )
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

const compose = (tokens: readonly CST.Token[]): Document.Parsed[] => [
  ...new Composer(composerOptions).compose(tokens),
]
