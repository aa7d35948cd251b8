import type { Pipeline } from '../manifest.ts'
import type { ManifestIssue } from '../manifest-issue.ts'
import type { Place, YamlNode } from '../yaml/yaml-node.ts'

/** Keys and positions from a document's root: `['steps', 2, 'privileged']`. */
export type FieldPath = readonly (string | number)[]

/** A rule of pipeline.md §8 that a pipeline breaks. Its place is found when somebody wants to see it. */
export interface LintProblem {
  readonly code: string
  /** Holds the reference's text, so that people and tests can match on it. */
  readonly message: string
  readonly path: FieldPath
}

/** Judges one pipeline; problems in the order of the rules, the first is the one that the reference would report. */
export type StageLint = (pipeline: Pipeline, isTrusted: boolean) => readonly LintProblem[]

/** A field that needs a trusted repository. */
export const untrusted = (what: string, path: FieldPath): LintProblem => ({
  code: 'untrusted',
  message: `untrusted repositories cannot ${what}`,
  path,
})

/** Problems with their places in the file. */
export const placeProblems = (
  problems: readonly LintProblem[],
  document: { readonly number: number; readonly root: YamlNode | null; readonly line: number },
): ManifestIssue[] =>
  problems.map(({ code, message, path }) => {
    const start = { line: document.line, column: 1 }
    const { line, column } = document.root === null ? start : placeOf(document.root, path)
    return { code, message, document: document.number, path: pathText(path), line, column }
  })

/** Where the field is written, or what would hold it. */
const placeOf = (root: YamlNode, path: FieldPath): Place => {
  let node = root
  for (const part of path) {
    const next = childOf(node, part)
    if (next === undefined) return node
    node = next
  }
  return node
}

const childOf = (node: YamlNode, part: string | number): YamlNode | undefined => {
  if (node.kind === 'map') return node.entries.get(String(part))?.value
  return node.kind === 'list' && typeof part === 'number' ? node.items[part] : undefined
}

/** `steps[2].privileged`. */
export const pathText = (path: FieldPath): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '')
