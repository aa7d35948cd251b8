import { manifestLimits } from '../limits.ts'
import type { Place, YamlScalar } from './yaml-node.ts'

/** A problem found while reading; the caller adds the document's number. */
export interface YamlProblem extends Place {
  readonly code: string
  readonly message: string
  readonly path: string
}

/** Ends the reading of a document. */
export class Refused extends Error {
  readonly problem: YamlProblem
  constructor(problem: YamlProblem) {
    super(problem.message)
    this.problem = problem
  }
}

export const limitProblem = (
  limit: 'nodes' | 'richNodes' | 'depth',
  at: Place & { path: string },
): YamlProblem => ({
  code: limit === 'depth' ? 'limit_depth' : 'limit_nodes',
  message: `the file exceeds the limit of ${limitTexts[limit]}`,
  ...at,
})

const limitTexts = {
  nodes: `${manifestLimits.nodes} nodes`,
  richNodes: `${manifestLimits.richNodes} nodes, aliases expanded, in documents with anchors, tags, folded text or brackets over several lines`,
  depth: `${manifestLimits.depth} levels of nesting`,
} as const

export const forbiddenKey = (key: YamlScalar, path: string): YamlProblem => ({
  code: 'forbidden_key',
  message: `the key '${key.text}' is not allowed`,
  path,
  line: key.line,
  column: key.column,
})
