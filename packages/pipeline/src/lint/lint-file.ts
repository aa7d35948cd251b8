import { findCycle } from '../compile/graph.ts'
import { manifestLimits } from '../limits.ts'
import type { ManifestDocument, ParsedManifest } from '../manifest.ts'
import type { ManifestIssue } from '../manifest-issue.ts'
import { stagesOfName } from '../plan/matrix-instances.ts'
import { type LintProblem, placeProblems } from './lint-problem.ts'

type PipelineDocument = Extract<ManifestDocument, { role: 'pipeline' }>

const knownOs = ['linux', 'windows']
const knownArch = ['arm', 'arm64', 'amd64', 'ppc64le', 's390x']

/** Rules S4 to S9 of pipeline.md §8.1, document by document in file order. Nothing where the names themselves could
 *  not be read: whatever depends on them would look wrong too. */
export const lintFile = ({ documents, issues }: ParsedManifest): ManifestIssue[] => {
  if (issues.some(isOfIdentity)) return []
  const pipelines = documents.filter((document) => document.role === 'pipeline')
  const names = new Set<string>()
  const found = pipelines.flatMap((document, index) => {
    const isFirst = document.number !== pipelines[index - 1]?.number
    const problems = [
      ...lintLengths(document),
      ...lintNames(document, names, isFirst),
      ...lintPlatform(document),
    ]
    return placeProblems(problems, document)
  })
  return found.length > 0 ? withoutRepeats(found) : lintCycle(pipelines)
}

const identityKeys = ['kind', 'type', 'name', 'depends_on', 'platform']

const isOfIdentity = ({ path }: ManifestIssue): boolean =>
  path === '' || identityKeys.some((key) => path === key || path.startsWith(`${key}[`))

/** The combinations of a matrix share their mistakes. */
const withoutRepeats = (issues: readonly ManifestIssue[]): ManifestIssue[] => [
  ...new Map(issues.map((issue) => [JSON.stringify(issue), issue])).values(),
]

/** S4 to S6; registers the name. The name of a matrix stands for all of its combinations, the first of which
 *  registers it. */
const lintNames = (
  { pipeline }: PipelineDocument,
  names: Set<string>,
  isFirst: boolean,
): LintProblem[] => {
  const { name } = pipeline
  const base = pipeline.instanceOf?.name ?? name
  const problems: LintProblem[] = []
  if (names.has(name) || (isFirst && names.has(base))) {
    const message = `linter: duplicate pipeline names: ${names.has(name) ? name : base}`
    problems.push({ code: 'duplicate_pipeline', message, path: ['name'] })
  }
  for (const [index, dependency] of pipeline.dependsOn.entries()) {
    const path = ['depends_on', index]
    if (dependency === name || dependency === base) {
      const message = 'linter: pipeline cannot have a dependency on itself'
      problems.push({ code: 'dependency_cycle', message, path })
    } else if (!names.has(dependency)) {
      const message = `linter: invalid or unknown pipeline dependency: ${dependency}`
      problems.push({ code: 'unknown_dependency', message, path })
    }
  }
  names.add(name)
  names.add(base)
  return problems
}

const lintLengths = ({ pipeline }: PipelineDocument): LintProblem[] => {
  const { kind, type, name, platform, node } = pipeline
  const texts: readonly [string, ...string[]][] = [
    [kind, 'kind'],
    [type, 'type'],
    [name, 'name'],
    ...Object.entries(platform).map(([key, text]): [string, ...string[]] => [
      text,
      'platform',
      key,
    ]),
    ...Object.entries(node).map(([key, text]): [string, ...string[]] => [key + text, 'node', key]),
  ]
  return texts.flatMap(([text, ...path]): LintProblem[] => {
    if (Buffer.byteLength(text) <= manifestLimits.nameBytes) return []
    const message = `linter: the text exceeds the limit of ${manifestLimits.nameBytes} bytes`
    return [{ code: 'limit_name', message, path: path.map((part) => part.slice(0, 80)) }]
  })
}

/** S7 and S8: of docker pipelines alone. */
const lintPlatform = ({ pipeline }: PipelineDocument): LintProblem[] => {
  if (pipeline.kind !== 'pipeline' || pipeline.type !== 'docker') return []
  const { os, arch } = pipeline.platform
  const problems: LintProblem[] = []
  if (os !== '' && !knownOs.includes(os)) {
    const message = `linter: unsupported os: ${os}`
    problems.push({ code: 'unsupported_os', message, path: ['platform', 'os'] })
  }
  if (arch !== '' && !knownArch.includes(arch)) {
    const message = `linter: unsupported architecture: ${arch}`
    problems.push({ code: 'unsupported_arch', message, path: ['platform', 'arch'] })
  }
  return problems
}

/** S9, a guard: dependencies that name earlier pipelines only cannot make a cycle. */
const lintCycle = (documents: readonly PipelineDocument[]): ManifestIssue[] => {
  const pipelines = documents.map(({ pipeline }) => pipeline)
  const stages = stagesOfName(pipelines)
  const cycle = findCycle(
    pipelines.map(({ name, dependsOn }) => ({
      name,
      dependsOn: dependsOn.flatMap((dependency) => stages.get(dependency) ?? []),
    })),
  )
  const first = documents.find(({ pipeline }) => cycle?.includes(pipeline.name))
  if (cycle === null || first === undefined) return []
  const message = 'Error: Dependency cycle detected in Pipeline'
  return placeProblems([{ code: 'dependency_cycle', message, path: ['depends_on'] }], first)
}
