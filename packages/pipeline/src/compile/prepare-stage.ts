import type { Given } from '@waggle/domain'
import { refusalOf } from '../conditions/allow-list.ts'
import { type DecodedDocument, decodeDocument } from '../decode/decode-document.ts'
import type { StepBudget } from '../decode/decode-pipeline.ts'
import { manifestLimits } from '../limits.ts'
import { placeProblems, type StageLint } from '../lint/lint-problem.ts'
import { lintStepNames } from '../lint/lint-step-names.ts'
import type { Pipeline } from '../manifest.ts'
import { formatIssues, type ManifestIssue } from '../manifest-issue.ts'
import { instanceOfStage } from '../plan/expand-matrix.ts'
import { pipelineOfInstance } from '../plan/matrix-instances.ts'
import { isFork } from '../secrets/resolve-secret.ts'
import { stableNames, substitutionValues } from '../substitution/substitution-values.ts'
import { type ReadDocument, readDocuments } from '../yaml/read-documents.ts'
import type { CompileSettings } from './compile-settings.ts'

export type PreparedStage =
  | {
      readonly kind: 'ready'
      readonly pipeline: Pipeline
      /** Whether what needs trust may be used: never by a fork's pull request (threats.md C.1). */
      readonly isTrusted: boolean
      /** Variables that commands refer to instead of holding their values. */
      readonly made: Readonly<Record<string, string>>
      readonly warnings: readonly string[]
    }
  | { readonly kind: 'error'; readonly message: string }

/** From the file's text to the pipeline that the stage runs: read, substitute scalar by scalar, decode the documents
 *  of this type, check them all, choose the stage's (pipeline.md §2 steps 11 to 14). `lint` judges the chosen one. */
export const prepareStage = (
  given: Given,
  settings: CompileSettings,
  type: 'docker' | 'exec',
  lint: StageLint,
): PreparedStage => {
  const refusal = refusalOf(settings.allow, given)
  if (refusal !== null) return { kind: 'error', message: refusal }
  const { documents, issues } = readDocuments(given.manifest)
  if (issues.length > 0) return { kind: 'error', message: formatIssues(issues) }
  const decoded = decodeAll(documents, given, settings, type)
  if (decoded.issues.length > 0) return { kind: 'error', message: formatIssues(decoded.issues) }
  const misnamed = decoded.pipelines.flatMap(({ pipeline, at }) =>
    placeProblems(nameProblems(pipeline), at),
  )
  if (misnamed.length > 0) return { kind: 'error', message: formatIssues(misnamed) }
  const name = given.stage.name || 'default'
  const chosen = decoded.pipelines.find(({ pipeline }) => pipeline.name === name)
  if (chosen === undefined) {
    const message = `resource not found: the file has no ${type} pipeline named ${name}`
    return { kind: 'error', message }
  }
  const isTrusted = given.repo.trusted && !isFork(given)
  const problems = placeProblems(lint(chosen.pipeline, isTrusted), chosen.at)
  if (problems.length > 0) return { kind: 'error', message: formatIssues(problems) }
  const { pipeline, made, warnings } = chosen
  return { kind: 'ready', isTrusted, pipeline, made, warnings }
}

/** A pipeline that was decoded once for all stages is judged once: a file of 500 pipelines is not judged 500 times. */
const judged = new WeakMap<Pipeline, ReturnType<typeof lintStepNames>>()

const nameProblems = (pipeline: Pipeline): ReturnType<typeof lintStepNames> => {
  const known = judged.get(pipeline) ?? lintStepNames(pipeline)
  judged.set(pipeline, known)
  return known
}

interface Chosen extends Pick<DecodedDocument, 'made' | 'warnings'> {
  readonly pipeline: Pipeline
  readonly at: DecodedDocument
}

/** All documents are substituted: a syntax error anywhere in the file fails the stage, as in the reference. */
const decodeAll = (
  documents: readonly ReadDocument[],
  given: Given,
  settings: CompileSettings,
  type: string,
): { pipelines: Chosen[]; issues: ManifestIssue[] } => {
  // Most files have no `${…}`.
  const values = lazily(() => substitutionValues(given, settings.environment))
  const stable = lazily(() => stableNames(given))
  const isStable = (name: string) => stable()(name)
  const budget: StepBudget = { left: manifestLimits.stepsPerFile }
  const issues: ManifestIssue[] = []
  const pipelines: Chosen[] = []
  for (const document of documents) {
    const { root } = document
    const instance = root?.kind === 'map' ? instanceOfStage(root, given.stage.name) : null
    const own = new Map(Object.entries(instance?.values ?? {}))
    const lookup = (name: string): string => own.get(name) ?? values().get(name) ?? ''
    const decoded = decodeDocument(document, type, { lookup, isStable }, budget)
    if (decoded === null) continue
    issues.push(...decoded.issues)
    const { pipeline, made, warnings } = decoded
    if (pipeline === null) continue
    const chosen = instance === null ? pipeline : pipelineOfInstance(pipeline, instance)
    pipelines.push({ pipeline: chosen, made, warnings, at: decoded })
  }
  return { pipelines, issues }
}

/** Made with the first question. */
const lazily = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
