import type { Pipeline } from '../manifest.ts'
import type { ManifestIssue } from '../manifest-issue.ts'
import {
  type SubstitutionOptions,
  substituteDocument,
} from '../substitution/substitute-document.ts'
import type { ReadDocument } from '../yaml/read-documents.ts'
import type { YamlMap, YamlNode } from '../yaml/yaml-node.ts'
import { decodePipeline, type StepBudget } from './decode-pipeline.ts'
import { Fields, IssueSink } from './fields.ts'

/** A document as the worker sees it: substituted, and decoded where it is of the asked type. */
export interface DecodedDocument {
  readonly number: number
  readonly line: number
  /** Substituted. */
  readonly root: YamlNode
  /** `null`: of another kind or type. */
  readonly pipeline: Pipeline | null
  readonly issues: readonly ManifestIssue[]
  /** Variables that commands refer to instead of holding their values. */
  readonly made: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

interface Known {
  readonly type: string
  /** What substitution asked for, and the answers. */
  readonly asked: ReadonlyMap<string, string>
  readonly stable: ReadonlyMap<string, boolean>
  readonly decoded: DecodedDocument
  readonly steps: number
}

/** By the document's tree, which is never changed. Each stage of a build decodes all documents of the file, and most
 *  ask for nothing that differs between stages: without this a file of ten pipelines was decoded ten times over. */
const known = new WeakMap<YamlMap, Known>()

/** Substitutes and decodes one document (pipeline.md §2, steps 11 and 12). `null`: it holds no mapping. */
export const decodeDocument = (
  { number, root, raw }: ReadDocument,
  type: string,
  options: SubstitutionOptions,
  budget: StepBudget,
): DecodedDocument | null => {
  if (root?.kind !== 'map') return null
  const before = known.get(root)
  if (before?.type === type && isAnsweredAlike(before, options) && before.steps <= budget.left) {
    budget.left -= before.steps
    return before.decoded.number === number ? before.decoded : { ...before.decoded, number }
  }
  const asked = new Map<string, string>()
  const stable = new Map<string, boolean>()
  const { root: substituted, ...result } = substituteDocument(root, number, {
    lookup: recording(asked, options.lookup),
    isStable: recording(stable, options.isStable),
  })
  const left = budget.left
  const sink = new IssueSink(number)
  const fields = substituted.kind === 'map' ? new Fields(substituted, '', sink) : null
  const pipeline = fields && isOfType(fields, type) ? decodePipeline(fields, budget) : null
  const { made, warnings } = result
  const mistakes = pipeline === null ? [] : [...sink.issues, ...sink.ofStage.issues]
  const issues = [...result.issues, ...mistakes]
  const decoded = { number, line: raw.line, root: substituted, pipeline, issues, made, warnings }
  known.set(root, { type, asked, stable, decoded, steps: left - budget.left })
  return decoded
}

const isAnsweredAlike = ({ asked, stable }: Known, options: SubstitutionOptions): boolean =>
  [...asked].every(([name, value]) => options.lookup(name) === value) &&
  [...stable].every(([name, isStable]) => options.isStable(name) === isStable)

const recording =
  <Answer>(answers: Map<string, Answer>, ask: (name: string) => Answer) =>
  (name: string): Answer => {
    const answer = ask(name)
    answers.set(name, answer)
    return answer
  }

const isOfType = (fields: Fields, type: string): boolean => {
  const kind = fields.str('kind')
  return kind === 'pipeline' && (fields.str('type') || 'docker') === type
}
