import type { ManifestDocument, ParsedManifest, Pipeline } from '../manifest.ts'
import { byPlace, type ManifestIssue } from '../manifest-issue.ts'
import { lintExec } from './lint-exec.ts'
import { lintFile } from './lint-file.ts'
import { lintKubernetes, type NamespaceRules } from './lint-kubernetes.ts'
import { lintPipeline } from './lint-pipeline.ts'
import { type LintProblem, placeProblems } from './lint-problem.ts'
import { lintStepNames } from './lint-step-names.ts'

/** An issue with what it does: `build` ends the build, `stage` ends the stage of that pipeline, both in status
 *  `error`; `nothing` is a warning. */
export interface LintFinding extends ManifestIssue {
  readonly ends: 'build' | 'stage' | 'nothing'
  /** Name of the pipeline; empty = the file. */
  readonly pipeline: string
}

/** All rules of pipeline.md §8 on the file as written, before substitution: what a build would end by, with its place.
 *  A fork's pull request counts as untrusted, whatever its repository is. */
export const lintManifest = (
  manifest: ParsedManifest,
  { isTrusted, namespaces }: { readonly isTrusted: boolean; readonly namespaces?: NamespaceRules },
): readonly LintFinding[] => {
  const ofFile = [...manifest.issues, ...lintFile(manifest)].map(
    (issue): LintFinding => ({ ...issue, ends: 'build', pipeline: '' }),
  )
  const ofStages = manifest.documents.flatMap((document): LintFinding[] => {
    if (document.role !== 'pipeline') return []
    const { pipeline, stageIssues } = document
    const problems = unique([
      ...lintStepNames(pipeline),
      ...lintByType(pipeline, isTrusted, namespaces),
    ])
    const issues = [...stageIssues, ...placeProblems(problems, document)]
    const ends = 'stage'
    return [
      ...issues.map((issue): LintFinding => ({ ...issue, ends, pipeline: pipeline.name })),
      ...warnings(document),
    ]
  })
  // What could not be decoded reads as not set: that it is missing too is no news.
  const undecoded = new Set(ofFile.map(placeKey))
  const others = ofStages.filter((found) => !undecoded.has(placeKey(found)))
  return [...ofFile, ...withoutRepeats(others)].toSorted(byPlace)
}

const placeKey = ({ line, column }: ManifestIssue): string => `${line}:${column}`

/** The combinations of a matrix share their mistakes. */
const withoutRepeats = (found: readonly LintFinding[]): LintFinding[] => [
  ...new Map(
    found.map((finding) => [JSON.stringify([finding.code, placeKey(finding)]), finding]),
  ).values(),
]

const lintByType = (
  pipeline: Pipeline,
  isTrusted: boolean,
  namespaces: NamespaceRules | undefined,
): LintProblem[] => {
  if (pipeline.kind !== 'pipeline') return []
  switch (pipeline.type) {
    case 'docker':
      return lintPipeline(pipeline, isTrusted)
    case 'exec':
      return lintExec(pipeline)
    case 'kubernetes':
      return lintKubernetes(pipeline, isTrusted, namespaces)
    default:
      return []
  }
}

/** The rules for names (§8.2) and those for the graph (§8.3) both know entries without content and doubled names. */
const unique = (problems: readonly LintProblem[]): LintProblem[] => {
  const seen = new Set<string>()
  return problems.filter(({ code, path }) => {
    const key = JSON.stringify([code, path])
    return !seen.has(key) && seen.add(key)
  })
}

const ownTypes = new Set(['docker', 'exec'])

/** A stage of a kind or type without workers is no error: it waits for one (pipeline.md §4.2). */
const warnings = (document: Extract<ManifestDocument, { role: 'pipeline' }>): LintFinding[] => {
  const { kind, type, name } = document.pipeline
  if (kind === 'pipeline' && ownTypes.has(type)) return []
  const what = kind === 'pipeline' ? `type '${type}'` : `kind '${kind}'`
  const message = `the stage will wait for a worker of ${what}: Waggle's own workers run pipelines of type docker and exec`
  const path = [kind === 'pipeline' ? 'type' : 'kind']
  return placeProblems([{ code: 'foreign_type', message, path }], document).map((issue) => ({
    ...issue,
    ends: 'nothing',
    pipeline: name,
  }))
}
